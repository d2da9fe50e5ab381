package server_test

import (
	"maps"
	"net/http"

	"github.com/kassa-pay/kassa/internal/server"
)

// wpayBase is where the protocol of checkout sessions is.
const wpayBase = "/merchants/" + server.DemoWpayMerchant

// checkout is the protocol of checkout sessions: an instrument that is for one payment or for many,
// or that the buyer declines.
func (v *visit) checkout() {
	kind, then := "Ongoing", "approve"
	switch v.dice % 4 {
	case 0:
		then = "decline"
	case 1:
		kind = "OneOff"
	}
	session := v.wpaySession("checkout", object{
		"instrument": object{"instrumentId": v.key, "type": kind},
		"payment":    object{"paymentId": v.key, "amount": 4995},
	})
	who := atOnce
	if v.dice == 7 {
		who = inSeconds
	}
	if _, ok := v.payTo(demo, session, who, then); !ok {
		return
	}
	if kind == "Ongoing" {
		v.makePayment(v.key + "-2")
		v.watchPayment(v.key + "-3")
	}
	v.post(request{merchant: demo, path: wpayBase + "/payments/" + v.key + "/refund", live: true},
		object{"refundId": v.key, "amount": 100, "merchantWebhooksUrl": v.hook()}, nil)
}

// wpaySession opens a session of the kind.
func (v *visit) wpaySession(kind string, of object) (id string) {
	in := object{
		"merchantReturnUrl": "https://shop.test/back", "merchantWebhooksUrl": v.hook(),
		"buyer": object{"buyerId": v.key, "name": "Mira Okafor"},
	}
	maps.Copy(in, of)
	var s struct{ SessionID string }
	v.post(request{merchant: demo, path: wpayBase + "/session/" + kind}, in, &s)
	return s.SessionID
}

// saved is a buyer who saves an account alone. It pays with and without them, until they pause it
// at their bank and the shop cancels it; or the shop does so before they have agreed.
func (v *visit) saved() {
	session := v.wpaySession("instrument", object{
		"instrument": object{"instrumentId": v.key, "type": "Ongoing"},
	})
	if v.dice%4 == 0 {
		v.withdrawn(session)
		return
	}
	if _, ok := v.payTo(demo, session, atOnce, "approve"); !ok {
		return
	}
	first, second := v.watchPayment, v.makePayment
	if v.dice%4 == 3 {
		first, second = second, first
	}
	first(v.key + "-1")
	v.atBank("pause")
	if got := second(v.key + "-2"); !v.gone && got != "Rejected NACT" {
		v.t.Errorf("%s: a payment on a paused instrument is %q", v.key, got)
	}
	if v.dice%2 == 0 {
		v.atBank("resume")
		if got := v.makePayment(v.key + "-3"); !v.gone && got != "Completed " {
			v.t.Errorf("%s: a payment on a resumed instrument is %q", v.key, got)
		}
	}
	v.cancelInstrument()
}

// withdrawn is an instrument that is cancelled while its buyer is asked, who cannot name another
// account then.
func (v *visit) withdrawn(session string) {
	p, ok := v.pay(demo, session, payID(inSeconds))
	if !ok || !v.known(p.ID) {
		return
	}
	v.cancelInstrument()
	if _, ok := v.pay(demo, session, payID(atOnce)); ok {
		v.t.Errorf("%s: the buyer agrees to an instrument that was cancelled", v.key)
	}
}

// known waits until the network has the payer's account, and reports whether it ever has.
func (v *visit) known(id string) bool {
	for ; !v.gone; v.pause() {
		var p payment
		if v.get(demo, "/v1/payments/"+id, &p); p.Agreement != "" || p.over() {
			return p.Agreement != ""
		}
	}
	return false
}

// atBank has the buyer do something with the instrument of the story, in the bank's app.
func (v *visit) atBank(do string) {
	v.ask(request{merchant: demo, path: bankApp + v.key + "/" + do}, nil,
		func(status int, _ string) bool { return status < http.StatusInternalServerError })
}

// cancelInstrument ends the instrument of the story. It is refused if nobody agreed in time.
func (v *visit) cancelInstrument() {
	path := wpayBase + "/instruments/" + v.key
	if v.post(request{merchant: demo, path: path + "/cancel", live: true}, object{}, nil) {
		return
	}
	var now struct{ Reason struct{ Code string } }
	if v.get(demo, path, &now); !v.gone && now.Reason.Code != "NOAS" {
		v.t.Errorf("%s: refused to cancel it, and its end is %q", path, now.Reason.Code)
	}
}

// makePayment pays with the instrument of the story, and tells what becomes of it.
func (v *visit) makePayment(id string) string {
	if v.post(request{
		merchant: demo, path: wpayBase + "/instruments/" + v.key + "/payment", live: true,
	}, object{"paymentId": id, "amount": 700, "merchantWebhooksUrl": v.hook()}, nil) {
		return v.concluded(id)
	}
	return ""
}

// watchPayment pays with the instrument in a session, whose page the buyer watches, and tells what
// becomes of it.
func (v *visit) watchPayment(id string) string {
	if v.wpaySession("payment", object{
		"payment": object{"paymentId": id, "instrumentId": v.key, "amount": 800},
	}) == "" {
		return ""
	}
	return v.concluded(id)
}

// hook is where the events of this protocol go.
func (v *visit) hook() string { return v.sink.URL + "/wpay" }

// concluded waits for the end of a payment, of which we are to be told, and returns its status and
// the network's reason.
func (v *visit) concluded(id string) string {
	for ; !v.gone; v.pause() {
		var p struct {
			Status          string
			RejectionReason struct{ Code string }
		}
		v.get(demo, wpayBase+"/payments/"+id, &p)
		if p.Status == "Completed" || p.Status == "Rejected" {
			v.expect("/wpay Payment." + p.Status + " " + id)
			return p.Status + " " + p.RejectionReason.Code
		}
	}
	return ""
}

// expect notes an event that has to come, by its receiver, name and object.
func (m *market) expect(event string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected[event] = true
}
