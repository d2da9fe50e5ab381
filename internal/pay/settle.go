package pay

import "context"

// Settlement is what a merchant decides about a transfer that brought too much or too little.
type Settlement string

// The settlements.
const (
	// SettleAccept keeps what has come, as it is: the payment is paid.
	SettleAccept Settlement = "accept"
	// SettleRefund sends back what is not right: all of an underpayment, which cancels the payment;
	// the excess of an overpayment, which is then paid. Of a payment that was taken or settled
	// before, the excess is what has come since.
	SettleRefund Settlement = "refund"
)

// SettlePayment ends the wait of an underpaid or overpaid payment as its merchant decides.
func (s *Service) SettlePayment(
	ctx context.Context, c Caller, o *Once[Payment], id string, how Settlement,
) (Payment, Reply, error) {
	if how != SettleAccept && how != SettleRefund {
		return Payment{}, Reply{}, BadParam("action", "parameter_invalid",
			"The action is either %q or %q.", SettleAccept, SettleRefund)
	}
	p, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (Payment, string, error) {
			p, err := s.lockOwn(ctx, tx, c, id)
			if err != nil {
				return p, "", err
			}
			if !p.State.Unsettled() {
				return p, "", Errorf(State, "payment_not_unsettled",
					"Only an underpaid or overpaid payment can be settled; this one is %s.", p.State)
			}
			err = s.settleTransfer(ctx, tx, c, &p, how)
			return p, p.ID, err
		})
	if err == nil && !reply.Replayed {
		s.changed(p.SessionID)
		s.wake(WorkRefunds)
	}
	return p, reply, err
}

// settleTransfer takes all that has come and, to refund, sends back what is not right.
func (s *Service) settleTransfer(
	ctx context.Context, tx Tx, c Caller, p *Payment, how Settlement,
) error {
	before := *p
	next, back := PaymentPaid, p.excess()
	if how == SettleRefund && p.State == PaymentUnderpaid {
		next, back = PaymentCanceled, p.Received
	}
	p.Captured, p.Action, p.ActionURL = p.Received, "", ""
	if err := s.movePayment(ctx, tx, c, p, step{next: next}); err != nil {
		return err
	}
	if err := s.book(ctx, tx, c, &before, p); err != nil {
		return err
	}
	if err := s.follow(ctx, tx, c, p); err != nil || how == SettleAccept {
		return err
	}
	_, err := s.reserve(ctx, tx, c, p, RefundRequest{
		Amount: back, Reason: "settlement", later: true,
	})
	return err
}

// excess is what an overpayment has brought beyond what is right: beyond what was taken before, if
// something was, for that was right to its merchant; else beyond what was asked for.
func (p *Payment) excess() int64 {
	if p.Captured > 0 {
		return p.Received - p.Captured
	}
	return p.Received - p.Amount.Minor
}
