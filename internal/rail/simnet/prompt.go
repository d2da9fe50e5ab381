package simnet

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Limits of a prompt.
const (
	MaxTries   = 3 // wrong PINs or codes; then the payment is declined
	MaxResends = 3
	maxPrompts = 100 // in a list
)

// The latest come first, so that a long list is cut at what nobody will answer any more.
const selectPrompts = `SELECT ` + recordColumns + ` FROM sim_payment
	WHERE rail = $1 AND merchant_id = $2 AND prompt_until > $3
	ORDER BY prompt_until DESC LIMIT $4`

// promptUntil says until when, in server time, the payer can answer. It is zero when nobody is
// asked, or when the prompt does not arrive.
func (n *Network) promptUntil(r *Record, ref pay.Ref) time.Time {
	end := r.ExpiresAt
	if r.asks() {
		end = r.closesAt()
	}
	if end.IsZero() || r.Scenario.Asks.Lost {
		return time.Time{}
	}
	return n.clock.Now().Add(end.Sub(ref.Now))
}

// Prompts lists what the payers of a scope are being asked now, oldest first.
func (n *Network) Prompts(
	ctx context.Context, sc pay.Scope, now time.Time,
) ([]pay.Prompt, error) {
	rows, err := n.db.Reader().Query(ctx, selectPrompts, n.name, sc.MerchantID,
		micros(n.clock.Now()), int64(maxPrompts))
	open, err := gather(rows, err, func(row sqldb.Row) (pay.Prompt, error) {
		r, err := n.scan(row)
		if err != nil {
			return pay.Prompt{}, err
		}
		p := n.prompt(&r)
		p.Now = now
		return p, nil
	})
	slices.SortStableFunc(open, func(a, b pay.Prompt) int { return a.AskedAt.Compare(b.AskedAt) })
	return open, err
}

// Prompt shows what the payer is asked, by the token of the prompt's address. The merchant's name
// is the core's to fill in: the network knows its id alone. A prompt that was answered, voided or
// ran out is not open.
func (n *Network) Prompt(ctx context.Context, token string) (pay.Prompt, error) {
	r, err := n.scan(n.db.Reader().QueryRow(ctx, selectToken, n.name, hashToken(token)))
	if errors.Is(err, errNoRecord) {
		err = noPrompt()
	}
	if err != nil {
		return pay.Prompt{}, err
	}
	return n.prompt(&r), nil
}

func (n *Network) prompt(r *Record) pay.Prompt {
	now := n.clock.Now()
	p := pay.Prompt{
		Ref: pay.Ref{
			Scope:     pay.Scope{MerchantID: r.MerchantID, Mode: pay.Test},
			PaymentID: r.PaymentID, Now: now,
		},
		Amount: r.Amount, Rail: n.name, Card: r.Terms.Card, Mobile: r.Terms.Mobile,
		Transfer: r.Terms.Transfer, Payto: r.Terms.Payto, Received: r.Received, ReturnURL: r.ReturnURL,
		AskedAt: r.AskedAt, Open: now.Before(r.PromptUntil),
	}
	n.model.Show(r, &p)
	return p
}

// Standing is the network's own word for how a payment stands; "" when it has none.
func (n *Network) Standing(ctx context.Context, ref pay.Ref) (string, error) {
	r, err := n.find(ctx, n.db.Reader(), ref)
	if errors.Is(err, errNoRecord) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return n.outcome(&r, ref.Now).NetworkStatus, nil
}

// Decide answers the prompt of a payment as the payer, once. A wrong PIN leaves the prompt open
// until there were too many.
func (n *Network) Decide(ctx context.Context, ref pay.Ref, d pay.Decision) error {
	_, err := n.Change(ctx, ref, func(r *Record) error {
		if !r.Open(ref.Now) || r.Scenario.Asks.Lost {
			return pay.Errorf(pay.State, "prompt_closed",
				"This request has been answered, or its time is over.")
		}
		return r.decide(d, ref.Now)
	})
	return err
}

func (r *Record) decide(d pay.Decision, now time.Time) error {
	action := r.Scenario.Asks.Action
	switch {
	case action == pay.ActionCode:
		return pay.Errorf(pay.State, "prompt_needs_code",
			"The payer answers this request with the one-time code from the message.")
	case d == pay.Approve:
		r.Close(Approved, now)
	case d == pay.Reject:
		r.Close(Rejected, now)
	case d == pay.WrongPIN && action == pay.ActionApprove && !r.Scenario.Asks.AtBank:
		r.Miss(now)
	case d == pay.WrongPIN:
		return pay.Errorf(pay.State, "prompt_has_no_pin", "This request does not ask for a PIN.")
	default:
		return pay.BadParam("decision", "parameter_invalid",
			"The decision must be %q, %q or %q.", pay.Approve, pay.Reject, pay.WrongPIN)
	}
	return nil
}

// Open reports whether the network waits for the payer's answer at now.
func (r *Record) Open(now time.Time) bool {
	asks := r.Scenario.Asks
	return asks.Action != "" && r.Answer == NoAnswer && r.VoidedAt.IsZero() &&
		now.Before(r.closesAt())
}

// Close takes the payer's answer.
func (r *Record) Close(a Answer, now time.Time) {
	r.Answer, r.AnsweredAt, r.PromptUntil = a, now, time.Time{}
}

// Miss counts a wrong PIN or code; one too many is the answer.
func (r *Record) Miss(now time.Time) {
	if r.Tries++; r.Tries >= MaxTries {
		r.Close(Wrong, now)
	}
}

// AskAgain sends the prompt of a payment once more and gives the payer the whole time again.
func (n *Network) AskAgain(ctx context.Context, ref pay.Ref) error {
	_, err := n.Call(ctx, ref, func(r *Record) error {
		switch {
		case !r.Open(ref.Now):
			return pay.Errorf(pay.State, "prompt_closed",
				"This request has been answered, or its time is over.")
		case r.Resends >= MaxResends:
			return pay.Errorf(pay.State, "resend_limit_reached",
				"The network sends its request again %d times at most.", MaxResends)
		}
		r.Resends++
		r.AskedAt = ref.Now
		r.PromptUntil = n.promptUntil(r, ref)
		return nil
	})
	return err
}

func noPrompt() error {
	return pay.Errorf(pay.NotFound, "resource_missing", "There is no such request.")
}
