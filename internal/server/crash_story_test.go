package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/server"
)

// tales are the kinds of stories.
var tales = map[string]func(*visit){
	"card": (*visit).card, "held": (*visit).held, "once": (*visit).once,
	"ongoing": (*visit).ongoing, "checkout": (*visit).checkout, "series": (*visit).series,
	"schedule": (*visit).schedule, "phone": (*visit).phone, "transfer": (*visit).transfer,
	"saved": (*visit).saved,
}

var kinds = slices.Sorted(maps.Keys(tales))

type object = map[string]any

// How the payers of the crash test pay.
const (
	emptyLater = "4000000000111007"            // a card that has no money for later charges
	atOnce     = "asked-then-paid@example.com" // who agrees at the bank and has paid
	inSeconds  = "mira@example.com"            // whose payments settle in a moment
	noMoney    = "no-funds@example.com"        // who agrees and cannot pay
)

func cardOf(number string) object {
	return object{
		"type": "card", "number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123",
	}
}

func payID(id string) object { return object{"type": "payto", "payid": id} }

// payment is what the stories read of one.
type payment struct {
	ID, Status, Mandate, Agreement string
	Received                       int `json:"amount_received"`
}

const (
	demo    = server.DemoMerchant
	bankApp = "/v1/test_helpers/agreements/"
	prompts = "/v1/test_helpers/prompts"
)

// begin opens a session of the native protocol.
func (v *visit) begin(merchant string, of object) string {
	in := object{
		"success_url": "https://shop.test/done", "cancel_url": "https://shop.test/basket",
		"metadata": object{"order": v.key},
	}
	maps.Copy(in, of)
	var s struct{ ID string }
	v.post(request{merchant: merchant, path: "/v1/checkout/sessions"}, in, &s)
	return s.ID
}

// pay pays a session as its page does.
func (v *visit) pay(merchant, session string, method object) (p payment, ok bool) {
	r := request{
		merchant: merchant, path: "/v1/test_helpers/sessions/" + session + "/pay", live: true,
		swift: true,
	}
	ok = v.post(r, object{"payment_method": method}, &p)
	return p, ok
}

// payCard pays with a card, and again if the network never heard of it.
func (v *visit) payCard(merchant, session, number string) (payment, bool) {
	for {
		p, ok := v.pay(merchant, session, cardOf(number))
		if !ok {
			return p, false
		}
		if p = v.final(merchant, p.ID); p.Status != "canceled" {
			return p, p.Status == "succeeded" || p.Status == "authorized"
		}
	}
}

// final waits for what becomes of a payment.
func (v *visit) final(merchant, id string) (p payment) {
	for ; !v.gone; v.pause() {
		p = payment{}
		if v.get(merchant, "/v1/payments/"+id, &p); p.over() {
			return p
		}
	}
	return payment{}
}

func (p *payment) over() bool {
	return slices.Contains([]string{"succeeded", "failed", "canceled", "authorized"}, p.Status)
}

// Codes of payments whose network does not know them, or whose payer we do not know to be asked.
const (
	unheard = "payment_without_agreement"
	unasked = "payment_needs_no_code"
)

// does has the payer of a payment do something, once the network has asked them. What is done twice
// is refused, and was done.
func (v *visit) does(id string, r request) {
	v.ask(r, nil, func(status int, body string) bool {
		if status != http.StatusNotFound && !strings.Contains(body, unheard) &&
			!strings.Contains(body, unasked) {
			return status < http.StatusInternalServerError
		}
		var now payment // the network has not heard of it yet, or never will
		v.get(r.merchant, "/v1/payments/"+id, &now)
		return now.over()
	})
}

// payTo pays with an account at a bank, whose owner then does something in the bank's app. It says
// whether the money came.
func (v *visit) payTo(merchant, session, id, then string) (payment, bool) {
	p, ok := v.pay(merchant, session, payID(id))
	if !ok || then == "" {
		return p, false
	}
	v.does(p.ID, request{merchant: merchant, path: bankApp + p.ID + "/" + then})
	p = v.final(merchant, p.ID)
	return p, p.Status == "succeeded"
}

// card is a buyer with a card.
func (v *visit) card() { v.payCard(demo, v.begin(demo, object{"amount": 5000}), visa) }

// held is money that is held first, taken in parts or let go, and sent back.
func (v *visit) held() {
	p, ok := v.payCard(demo, v.begin(demo, object{"amount": 5000, "capture_method": "manual"}), visa)
	if !ok {
		return
	}
	path := "/v1/payments/" + p.ID
	v.post(request{merchant: demo, path: path + "/capture"},
		object{"amount": 2000, "final": false}, nil)
	if v.dice%2 == 0 {
		v.post(request{merchant: demo, path: path + "/capture"}, object{"amount": 3000}, nil)
	} else {
		v.post(request{merchant: demo, path: path + "/cancel"}, object{}, nil)
	}
	v.refund(p.ID, 500)
}

func (v *visit) refund(payment string, amount int) {
	v.post(request{merchant: demo, path: "/v1/refunds"},
		object{"payment": payment, "amount": amount}, nil)
}

// once is a buyer who agrees to one payment at the bank, has no money or declines and tries again,
// or never answers.
func (v *visit) once() {
	ses := v.begin(demo, object{
		"amount": 4995, "currency": "AUD", "payment_method_types": []string{"payto"},
	})
	switch v.dice % 4 {
	case 0:
		v.payTo(demo, ses, atOnce, "approve")
	case 1:
		if _, paid := v.payTo(demo, ses, noMoney, "approve"); !paid {
			v.payTo(demo, ses, inSeconds, "approve")
		}
	case 2:
		if _, paid := v.payTo(demo, ses, inSeconds, "decline"); !paid {
			v.payTo(demo, ses, atOnce, "approve")
		}
	default:
		v.payTo(demo, ses, inSeconds, "")
	}
}

// ongoing is a buyer who agrees to more than one payment, and a merchant who makes them, and then
// asks for more or has had enough.
func (v *visit) ongoing() {
	ses := v.begin(demo, object{
		"amount": 2500, "currency": "AUD", "customer_email": v.key + "@shop.test",
		"mandate": object{"amount": object{"max": most}, "time_zone": "Australia/Sydney"},
	})
	who := atOnce
	if v.dice == 7 {
		who = inSeconds
	}
	p, ok := v.payTo(demo, ses, who, "approve")
	if !ok {
		return
	}
	v.charge(p.Mandate, 700)
	v.charge(p.Mandate, 701)
	v.refund(p.ID, 500)
	switch {
	case v.dice%4 == 1:
		v.amend(p.Mandate, "approve")
	case v.dice%4 == 3:
		v.amend(p.Mandate, "decline")
	case v.dice%4 == 2:
		v.amend(p.Mandate, "") // the merchant does not wait for the answer
		fallthrough
	default:
		v.post(request{merchant: demo, path: "/v1/mandates/" + p.Mandate + "/cancel"}, object{}, nil)
	}
}

// What ongoing payments may take at most, at first and after an amendment.
const (
	most = 5000
	more = 6000
)

// amend asks the payer of a mandate at the bank whether more may be charged, and charges what they
// permit; "" for a payer who does not answer.
func (v *visit) amend(mandate, answer string) {
	path := "/v1/mandates/" + mandate
	if !v.post(request{merchant: demo, path: path + "/amend"},
		object{"amount": object{"max": more}}, nil) || answer == "" {
		return
	}
	v.ask(request{merchant: demo, path: bankApp + mandate + "/" + answer}, nil,
		func(status int, _ string) bool { return status < http.StatusInternalServerError })
	var now struct {
		Proposal *struct{ ID string }
		Terms    struct{ Amount struct{ Max int } }
	}
	for open := true; open && !v.gone; v.pause() {
		v.get(demo, path, &now)
		open = now.Proposal != nil || now.Terms.Amount.Max == 0
	}
	if want := map[string]int{"approve": more, "decline": most}[answer]; !v.gone {
		if now.Terms.Amount.Max != want {
			v.t.Errorf("%s: up to %d may be charged after %s", path, now.Terms.Amount.Max, answer)
		}
		v.charge(mandate, want)
	}
}

// charge makes a payment under a mandate at a bank without its payer.
func (v *visit) charge(mandate string, amount int) {
	var p payment
	if v.post(request{merchant: demo, path: "/v1/payments"}, object{
		"amount": amount, "currency": "AUD", "mandate": mandate, "off_session": true,
	}, &p) {
		v.final(demo, p.ID)
	}
}

// series is a first payment in person and two that follow.
func (v *visit) series() {
	var s struct {
		ID       string
		Customer string `json:"customer_id"`
		Method   string `json:"payment_method_id"`
		Payment  string `json:"payment_id"`
	}
	sessions := request{merchant: demo, path: "/collect/payment_sessions"}
	v.post(sessions, object{
		"type": "first_in_series", "amount": 2000, "currency": "GHS",
		"options": object{
			"customer": object{"name": "Thandi", "email": v.key + "@shop.test"},
			"mandate_options": object{
				"type": "on_demand", "amount": object{"max": 2500}, "max_occurrences": 3,
			},
		},
	}, &s)
	if _, ok := v.payCard(demo, s.ID, visa); !ok {
		return
	}
	v.get(demo, sessions.path+"/"+s.ID, &s)
	for range 2 {
		v.post(sessions, object{
			"type": "next_in_series", "amount": 1500, "currency": "GHS",
			"options": object{"customer_id": s.Customer, "payment_method_id": s.Method},
		}, nil)
	}
	v.post(request{merchant: demo, path: "/collect/refunds"},
		object{"payment_id": s.Payment, "amount": 100}, nil)
}

// schedule is a mandate under which the server charges by itself, three times on three days.
func (v *visit) schedule() {
	in := object{
		"amount": 2500, "customer_email": v.key + "@club.test",
		"mandate": object{
			"amount": object{"exact": 2500}, "recurrence": object{"unit": "day"},
			"max_occurrences": scheduled, "time_zone": "Australia/Sydney",
			"schedule": object{"time": "09:00"}, "retry_days": []int{1},
		},
	}
	switch v.dice % 4 {
	case 0:
		v.payCard(club, v.begin(club, in), emptyLater)
	case 1:
		in["currency"] = "AUD" // the first payment under an agreement is one of the three
		v.payTo(club, v.begin(club, in), atOnce, "approve")
	default:
		v.payCard(club, v.begin(club, in), visa)
	}
}

// scheduled is how many charges a schedule makes.
const scheduled = 3
