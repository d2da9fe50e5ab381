package hosted

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/pay"
)

// maxCode bounds the one-time code of a network, in digits. Those in use have four to eight.
const maxCode = 12

// What became of a wish to see the prompt again, as the page is told by its address.
const (
	promptAgain = "again"  // it was sent
	promptUsed  = "used"   // the network sends no more
	promptLost  = "failed" // the network did not answer
)

// named reads a form that acts on a payment and reports whether it is about the one in flight, and
// the page is one of those from which the act is done. A page left open must not act on a later
// attempt.
func (p *Pages) named(
	r *http.Request, pages ...string,
) (v pay.PageView, f fields, ok bool, err error) {
	if v, err = p.load(r); err != nil {
		return v, f, false, err
	}
	if f, err = readFields(r); err != nil {
		return v, f, false, err
	}
	state := stateOf(&v)
	for _, name := range pages {
		ok = ok || name == state
	}
	return v, f, ok && v.Payment.ID == f.text(fieldPayment), nil
}

// resend asks the network to prompt the buyer's phone again.
func (p *Pages) resend(w http.ResponseWriter, r *http.Request) error {
	v, _, ok, err := p.named(r, pagePrompt, pageCode)
	if err != nil {
		return err
	}
	way := wayOf(r)
	if !ok {
		return seeOther(w, r, way.self())
	}
	mark := promptAgain
	switch err := p.pay.ResendPrompt(r.Context(), v.Caller, v.Payment.ID); {
	case pay.IsKind(err, pay.State):
		mark = promptUsed
	case err != nil:
		mark = promptLost
		p.log.WarnContext(r.Context(), "checkout page: the network did not prompt again",
			"payment", v.Payment.ID, "error", err)
	}
	return seeOther(w, r, way.with(way.self(), "prompt="+mark))
}

// confirm hands the one-time code that the buyer typed to the network.
func (p *Pages) confirm(w http.ResponseWriter, r *http.Request) error {
	v, f, ok, err := p.named(r, pageCode)
	if err != nil {
		return err
	}
	onward := wayOf(r).onward()
	if !ok {
		return seeOther(w, r, onward)
	}
	code := f.compact(fieldCode)
	switch {
	case len(code) == 0:
		return p.codeAgain(w, r, &v, "code_missing")
	case len(code) > maxCode || !digitsOnly(code):
		return p.codeAgain(w, r, &v, "code_invalid")
	}
	after, err := p.pay.ConfirmPayment(r.Context(), v.Caller, v.Payment.ID, string(code))
	switch {
	case pay.IsKind(err, pay.Invalid):
		return p.codeAgain(w, r, &v, "code_wrong")
	case err == nil && after.State == pay.PaymentAction:
		return p.codeAgain(w, r, &v, "code_unsure")
	case err == nil, pay.IsKind(err, pay.State), pay.IsKind(err, pay.Conflict):
		return seeOther(w, r, onward)
	}
	return err
}

// codeAgain shows the form of the one-time code with what is wrong in it.
func (p *Pages) codeAgain(
	w http.ResponseWriter, r *http.Request, v *pay.PageView, problem string,
) error {
	pg := p.pageOf(r, v)
	pg.status = http.StatusUnprocessableEntity
	pg.Form.add(fieldCode, problem)
	p.render(w, r, pg)
	return nil
}

// cancel gives up the attempt in flight. When it can no longer be given up, the page says what
// became of it.
func (p *Pages) cancel(w http.ResponseWriter, r *http.Request) error {
	v, f, ok, err := p.named(r, pageAction, pagePrompt, pageApprove, pageCode, pageTransfer)
	if err != nil {
		return err
	}
	if ok {
		_, _, err = p.pay.CancelPayment(r.Context(), v.Caller, nil, v.Payment.ID)
	}
	if e := pay.AsError(err); err != nil && e.Kind != pay.Conflict && e.Kind != pay.State {
		return err
	}
	if f.text(fieldChange) != "" {
		return seeOther(w, r, wayOf(r).choose(v.Payment.Method))
	}
	return seeOther(w, r, wayOf(r).self())
}

// leave gives the session up for good, where there is no way back to the shop but that of success.
func (p *Pages) leave(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	id := v.Session.ID
	_, err = p.pay.CancelSessionAsPayer(r.Context(), id, p.pay.PageKey(id))
	if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
		return err
	}
	return seeOther(w, r, wayOf(r).onward())
}
