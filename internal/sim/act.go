package sim

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// rightPIN is the one of every simulated wallet. It is no secret: the page says it.
const rightPIN = "1234"

const maxDigits = 15 // of an amount

// act does what the payer pressed and goes back to the page.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, d *desk) {
	if r.PostFormValue(agreementField) != "" {
		p.agree(w, r, d)
		return
	}
	payment, err := p.pay.Payment(r.Context(), d.caller, r.PostFormValue("payment"))
	if err == nil && d.session != "" && payment.SessionID != d.session {
		err = errNoDesk
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	note, err := p.play(r.Context(), d, &payment, r)
	switch {
	case err == nil:
	case pay.IsKind(err, pay.State):
		note = "closed"
	case pay.IsKind(err, pay.Invalid):
		note = "amount"
	default:
		p.fail(w, r, err)
		return
	}
	if note == "" {
		p.message(w, r, http.StatusBadRequest, unclear)
		return
	}
	p.goBack(w, r, d.path, note)
}

// play hands the payer's decision to the core and returns the note about it; "" when the form says
// nothing that a payer could do.
func (p *Pages) play(
	ctx context.Context, d *desk, payment *pay.Payment, r *http.Request,
) (string, error) {
	decision, note := pay.Approve, "approved"
	switch r.PostFormValue(answerField) {
	case "approve":
		if strings.TrimSpace(r.PostFormValue("pin")) != rightPIN {
			decision, note = pay.WrongPIN, "wrong_pin"
		}
	case "reject":
		decision, note = pay.Reject, "rejected"
	case "send":
		minor, ok := parseAmount(r.PostFormValue("amount"), payment.Amount.Currency)
		if !ok {
			return "amount", nil
		}
		_, err := p.pay.Deposit(ctx, d.caller, payment.ID, minor)
		return "sent", err
	default:
		return "", nil
	}
	_, err := p.pay.Answer(ctx, d.caller, payment.ID, decision)
	return note, err
}

// parseAmount reads an amount as people type it, "1,250.50", into minor units.
func parseAmount(text, currency string) (int64, bool) {
	exponent, err := money.Exponent(currency)
	if err != nil {
		return 0, false
	}
	text = strings.TrimPrefix(strings.TrimSpace(text), currency)
	text = strings.NewReplacer(" ", "", ",", "", "\u00a0", "").Replace(text)
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > exponent || whole+fraction == "" {
		return 0, false
	}
	digits := whole + fraction + strings.Repeat("0", exponent-len(fraction))
	if len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	return minor, err == nil && minor > 0
}
