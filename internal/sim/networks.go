package sim

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
)

// network is one simulated network with its switches.
type network struct {
	Rail, Name, Text string
	Behaviour        pay.Behaviour
	Delay            string // in seconds
	Providers        []provider
}

// provider is a part of a network that can fail alone.
type provider struct {
	Code, Name string
	Out        bool
}

// known are the networks in the order of the page. A network that the server lacks is left out.
var known = []network{
	{Rail: "momo", Name: "Mobile money", Text: "MTN, Telecel and AirtelTigo"},
	{Rail: "bank", Name: "Bank transfer", Text: "The bank that holds the shop’s account"},
	{Rail: "payto", Name: "PayTo", Text: "The bank network of Australia and its agreements"},
	{Rail: "card", Name: "Cards", Text: "The card network and the issuers behind it"},
}

// parts are what can fail alone, by the rail of its network.
var parts = map[string][]string{
	"momo": pay.Providers(), "payto": {"wattle", "banksia", "kurrajong", "gumtree"},
}

// trace is how a payment stands at its network.
type trace struct{ Amount, Account, Status, Code, Says string }

// networks is the page with the switches and the clock.
func (p *Pages) networks(w http.ResponseWriter, r *http.Request, d *desk) {
	v := view{
		status: http.StatusOK, template: "networks", Title: "How the networks behave",
		Merchant: d.merchant, Note: notes[r.URL.Query().Get("note")], Menu: networksPath,
		Clock: p.clock(d),
	}
	for _, n := range known {
		b, err := p.demo.Control.Behaviour(r.Context(), d.caller, n.Rail)
		if pay.IsKind(err, pay.NotFound) {
			continue
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		v.Networks = append(v.Networks, describeNetwork(n, b))
	}
	var err error
	if v.Traces, err = p.traces(r.Context(), d); err != nil {
		p.fail(w, r, err)
		return
	}
	p.render(w, r, v)
}

// traces lists how the latest payments stand, of networks that have words for it.
func (p *Pages) traces(ctx context.Context, d *desk) (all []trace, err error) {
	payments, _, err := p.pay.Payments(ctx, d.caller, pay.PaymentFilter{Page: pay.Page{Limit: shown}})
	if err != nil {
		return nil, err
	}
	for i := range payments {
		m := &payments[i]
		if m.Payto == nil {
			continue
		}
		status, err := p.pay.Standing(ctx, d.caller, m)
		if err != nil {
			return nil, err
		}
		if status != "" {
			all = append(all, trace{
				Amount: m.Amount.Format("en"), Account: m.Payto.ID().Label(), Status: status,
				Code: m.NetworkCode, Says: npp.Status(status).Says(),
			})
		}
	}
	return all, nil
}

func describeNetwork(n network, b pay.Behaviour) network {
	n.Behaviour = b
	n.Delay = strconv.FormatFloat(time.Duration(b.DelayMillis*1e6).Seconds(), 'f', -1, 64)
	for _, code := range parts[n.Rail] {
		n.Providers = append(n.Providers, provider{
			Code: code, Name: providerNames[code], Out: slices.Contains(b.Outage, code),
		})
	}
	return n
}

// behave sets how one network behaves.
func (p *Pages) behave(w http.ResponseWriter, r *http.Request, d *desk) {
	set := func(name string) bool { return r.PostFormValue(name) != "" }
	delay, err := time.ParseDuration(strings.TrimSpace(r.PostFormValue("delay")) + "s")
	if err != nil || delay < 0 {
		p.goBack(w, r, networksPath, "delay")
		return
	}
	err = p.demo.Control.Behave(r.Context(), d.caller, r.PathValue("rail"), pay.Behaviour{
		Down: set("down"), Outage: r.PostForm["outage"], LoseReplies: set("lose_replies"),
		DropNotices: set("drop_notices"), Duplicate: set("duplicate"), Reorder: set("reorder"),
		DelayMillis: delay.Milliseconds(),
	})
	switch {
	case pay.IsKind(err, pay.Invalid):
		p.goBack(w, r, networksPath, "delay")
	case err != nil:
		p.fail(w, r, err)
	default:
		p.goBack(w, r, networksPath, "saved")
	}
}

// leaps are how far one press moves the test clock.
var leaps = map[string]time.Duration{
	"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// advance moves the test clock of the demo merchant.
func (p *Pages) advance(w http.ResponseWriter, r *http.Request, d *desk) {
	by, ok := leaps[r.PostFormValue("by")]
	if !ok {
		p.message(w, r, http.StatusBadRequest, unclear)
		return
	}
	if _, _, err := p.demo.Control.AdvanceClock(r.Context(), d.caller, nil, by); err != nil {
		p.fail(w, r, err)
		return
	}
	p.goBack(w, r, networksPath, "clock")
}

// clock tells the time of the demo merchant.
func (p *Pages) clock(d *desk) string {
	return p.demo.Control.Now(d.caller).Format("2 January 2006, 15:04:05 UTC")
}
