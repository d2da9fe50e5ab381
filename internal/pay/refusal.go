package pay

import (
	"context"

	"github.com/kassa-pay/kassa/internal/terms"
)

// Refuser is a rail with words of its own for why a mandate permits no charge: what it would have
// answered itself. code is that of an Error of takeSlot.
type Refuser interface {
	Refusal(code string) (networkCode string)
}

// codeNotActive is that of a charge under a mandate that is paused or has ended.
const codeNotActive = "mandate_not_active"

// refusalDeclines say in the words of a decline why a mandate permits no charge.
var refusalDeclines = map[string]DeclineCode{
	codeNotActive:              DeclineAgreementInactive,
	string(terms.Ended):        DeclineAgreementExpired,
	string(terms.UsedUp):       DeclineLimitExceeded,
	string(terms.PeriodCount):  DeclineLimitExceeded,
	string(terms.PeriodAmount): DeclineLimitExceeded,
	string(terms.TotalAmount):  DeclineLimitExceeded,
}

// seat takes a slot of the mandate that an attempt with its payer is a charge under. A refusal is
// not an error here: it is what becomes of the attempt.
func (s *Service) seat(
	ctx context.Context, tx Tx, c Caller, t *try,
) (refusal *Error, err error) {
	t.refused = false
	if t.under == "" {
		return nil, nil
	}
	m, err := tx.LockMandate(ctx, t.under)
	if err != nil {
		return nil, err
	}
	window, err := s.takeSlot(ctx, tx, c, &m, t.payment.Amount.Minor)
	refusal, err = refusalIn(err, true)
	t.payment.MandateID, t.payment.Window = m.ID, window
	return refusal, err
}

// refusalIn tells a refusal of takeSlot that is to be recorded from an error.
func refusalIn(err error, recorded bool) (*Error, error) {
	if e := AsError(err); e != nil && e.Kind == State && recorded {
		return e, nil
	}
	return nil, err
}

// refuse ends a payment that has just been written, and that its mandate does not permit: it never
// goes out, and has taken no slot.
func (s *Service) refuse(
	ctx context.Context, tx Tx, c Caller, t *try, refusal *Error,
) error {
	out := Outcome{Kind: OutcomeDeclined, Decline: refusalDeclines[refusal.Code], refused: true}
	if out.Decline == "" {
		out.Decline = DeclineNotPermitted
	}
	if words, ok := t.rail.(Refuser); ok {
		out.NetworkCode = words.Refusal(refusal.Code)
	}
	t.refused = true
	p := t.payment
	_, err := s.settle(ctx, tx, c, &p, out)
	return err
}
