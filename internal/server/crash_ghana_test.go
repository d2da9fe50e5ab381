package server_test

import "fmt"

// Phones of the crash test.
const (
	asked  = "0241234567" // whose owner answers a request
	byCode = "0241230010" // whose owner types a code that was sent there
)

// tries is how often a buyer pays again whose time was over.
const tries = 3

// phones are the wallets that pay and what their owners do about it. After that, or when they were
// too late, they pay once more and agree.
var phones = [...]struct {
	number  string
	answers []string
}{
	{asked, []string{"approve"}},
	{asked, []string{"approve"}},
	{asked, []string{"wrong_pin", "approve"}},
	{asked, []string{"reject"}},
	{byCode, []string{typed}},
	{asked, nil},
}

// typed is the answer of an owner who types the code.
const typed = "code"

// phone is a buyer with a mobile wallet, in a session or asked by a merchant's server.
func (v *visit) phone() {
	if v.dice >= len(phones) {
		v.calledUp()
		return
	}
	session := v.begin(demo, object{"amount": 5000})
	number, answers := phones[v.dice].number, phones[v.dice].answers
	for range tries {
		p, ok := v.pay(demo, session, object{"type": "mobile_money", "phone": number})
		if !ok || answers == nil {
			return
		}
		for _, answer := range answers {
			v.onPhone(p.ID, answer)
		}
		if v.final(demo, p.ID).Status == "succeeded" {
			return
		}
		number, answers = asked, []string{"approve"}
	}
}

// onPhone has the owner of a wallet answer what they are asked.
func (v *visit) onPhone(id, answer string) {
	r := request{merchant: demo, path: prompts + "/" + id + "/" + answer}
	if answer == typed {
		r.path, r.body = "/v1/payments/"+id+"/confirm", fmt.Sprintf(`{"code":%q}`, v.code(id))
	}
	v.does(id, r)
}

// calledUp is a payment that a merchant's server makes, without a session.
func (v *visit) calledUp() {
	var p payment
	if v.post(request{merchant: demo, path: "/v1/payments", swift: true}, object{
		"amount": 1200, "currency": "GHS", "payment_method": "mobile_money", "phone": asked,
	}, &p) {
		v.onPhone(p.ID, "approve")
		v.final(demo, p.ID)
	}
}

// prompt is what a network asks a payer.
type prompt struct {
	Payment, Code string
	Received      int `json:"amount_received"`
}

// prompt reads what the network asks the payer of a payment now, if it does.
func (v *visit) prompt(id string) (prompt, bool) {
	var open struct{ Data []prompt }
	v.get(demo, prompts, &open)
	for _, p := range open.Data {
		if p.Payment == id {
			return p, true
		}
	}
	return prompt{}, false
}

// code waits for the code that is sent to the payer's phone. Once it was typed, or is too old, it
// is any other.
func (v *visit) code(id string) string {
	for ; !v.gone; v.pause() {
		if p, ok := v.prompt(id); ok {
			return p.Code
		}
		var p payment
		if v.get(demo, "/v1/payments/"+id, &p); p.over() {
			break
		}
	}
	return "0"
}

// due is what a transfer of the crash test is for.
const due = 5000

// transfers are what the payer's transfers have brought after each, and what the merchant makes of
// too much or too little.
var transfers = [sides]struct {
	sums   []int
	settle string
}{
	{sums: []int{due}},
	{sums: []int{3000, due}},
	{sums: []int{3000, 7000}, settle: "refund"},
	{sums: []int{7000}, settle: "refund"},
	{sums: []int{7000}, settle: "accept"},
	{sums: []int{3000}, settle: "refund"}, // and the buyer goes away
	{sums: []int{due, 2 * due}, settle: "refund"},
	{}, // the buyer forgets it
}

// transfer is a buyer who sends money from their bank: all of it or in parts, too little or too
// much.
func (v *visit) transfer() {
	p, ok := v.pay(demo, v.begin(demo, object{"amount": due}), object{"type": "bank_transfer"})
	does := transfers[v.dice]
	if !ok || does.sums == nil {
		return
	}
	for _, sum := range does.sums {
		if !v.bring(p.ID, sum) {
			return
		}
	}
	if does.settle != "" {
		v.post(request{merchant: demo, path: "/v1/payments/" + p.ID + "/settle"},
			object{"action": does.settle}, nil)
	}
	v.final(demo, p.ID)
}

// bring has the payer send money until all of it together is the sum, and we know. A transfer has
// no key: who was not told whether it went looks at the bank. false: the bank never heard of it.
func (v *visit) bring(id string, sum int) bool {
	for ; !v.gone; v.pause() {
		var p payment
		v.get(demo, "/v1/payments/"+id, &p)
		switch bank, open := v.prompt(id); {
		case p.Received >= sum:
			return true
		case p.Received == 0 && p.over():
			return false
		case open || p.Received >= due:
			v.deposit(id, sum-max(bank.Received, p.Received))
		}
	}
	return false
}

// deposit sends money, if there is any to send.
func (v *visit) deposit(id string, amount int) {
	if amount <= 0 {
		return
	}
	r := request{
		merchant: demo, path: "/v1/test_helpers/transfers/" + id,
		body: fmt.Sprintf(`{"amount":%d}`, amount),
	}
	status, body, err := v.sent(r)
	if err != nil {
		v.gone = true
		return
	}
	v.note(r, status, body)
}
