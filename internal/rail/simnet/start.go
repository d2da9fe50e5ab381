package simnet

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// maxReferences is how often a new reference is tried when the first is taken. References that
// people type are short enough to meet.
const maxReferences = 4

// referenceIndex is violated by a reference that is taken.
const referenceIndex = "sim_payment_reference"

// Start submits a payment. A second Start with the same id answers what became of the first; one
// that asks for something else is refused and recorded.
func (n *Network) Start(ctx context.Context, a pay.Attempt) (pay.Outcome, error) {
	b, err := n.reached(ctx, a.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	r, err := n.newRecord(ctx, a, b)
	if err != nil {
		return pay.Outcome{}, fmt.Errorf("start %s: %w", a.PaymentID, err)
	}
	if r.Scenario.Reply == NeverArrives {
		return pay.Outcome{}, ErrNoReply
	}
	err = n.insert(ctx, a, b, &r)
	if taken := new(sqldb.UniqueError); errors.As(err, &taken) {
		out, err := n.startAgain(ctx, a, &r)
		return reply(b, out, err)
	}
	if err != nil {
		return pay.Outcome{}, err
	}
	if r.Scenario.Notice == NoticeFirst {
		n.notifyFirst(ctx, b, &r)
	}
	if r.Scenario.Reply == ReplyLost {
		return pay.Outcome{}, ErrNoReply
	}
	return reply(b, n.say(&r, a.Ref), nil)
}

// insert writes a new record with what follows from it. A reference that is taken is replaced, and
// a rehearsal that another charge has taken is done without.
func (n *Network) insert(
	ctx context.Context, a pay.Attempt, b pay.Behaviour, r *Record,
) (err error) {
	for range maxReferences {
		var entered Record
		err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
			entered = *r
			return n.enter(ctx, tx, b, submission{a, &entered})
		})
		if err == nil {
			*r = entered
			return nil
		}
		taken := new(sqldb.UniqueError)
		met := errors.As(err, &taken) && taken.Constraint == referenceIndex
		if !met && !errors.Is(err, errRehearsed) {
			return err
		}
		again, rerr := n.newRecord(ctx, a, b)
		if rerr != nil {
			return rerr
		}
		*r = again
	}
	return err
}

// submission is an attempt with its new record.
type submission struct {
	pay.Attempt
	*Record
}

// enter writes the record of a submission with what it rests on and what follows from it.
func (n *Network) enter(
	ctx context.Context, tx sqldb.Tx, b pay.Behaviour, s submission,
) error {
	if err := n.rest(ctx, tx, b, s); err != nil {
		return err
	}
	values, err := n.values(s.Record)
	if err != nil {
		return err
	}
	tx.Queue(insertRecord, values...)
	n.queuePlan(tx, b, s.Record, s.Now)
	return n.queueCredential(ctx, tx, s.Attempt, s.Record)
}

// startAgain answers a repeated submission from the record of the first.
func (n *Network) startAgain(
	ctx context.Context, a pay.Attempt, asked *Record,
) (pay.Outcome, error) {
	known, err := n.find(ctx, n.db.Reader(), a.Ref)
	switch {
	case errors.Is(err, errNoRecord):
		return n.refuse(ctx, a.Ref, "payment id belongs to another merchant")
	case err != nil:
		return pay.Outcome{}, err
	case known.closedUnseen():
		return pay.Outcome{Kind: pay.OutcomeCanceled, Amount: a.Amount}, nil
	case known.Amount != asked.Amount || known.Manual != asked.Manual:
		return n.refuse(ctx, a.Ref, "payment id used again for another amount")
	case !hmac.Equal(known.MAC, asked.MAC):
		return n.refuse(ctx, a.Ref, "payment id used again to pay with something else")
	}
	return n.say(&known, a.Ref), nil
}

// Query says what became of a payment.
func (n *Network) Query(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	r, err := n.find(ctx, n.db.Reader(), ref)
	if errors.Is(err, errNoRecord) {
		return reply(b, pay.Outcome{Kind: pay.OutcomeNotFound}, nil)
	}
	if err != nil {
		return pay.Outcome{}, err
	}
	return reply(b, n.say(&r, ref), nil)
}

// newRecord is the record of an attempt that arrives now.
func (n *Network) newRecord(
	ctx context.Context, a pay.Attempt, b pay.Behaviour,
) (Record, error) {
	r := Record{
		PaymentID: a.PaymentID, MerchantID: a.MerchantID, Reference: n.ids.ID("nw", a.Now),
		Amount: a.Amount, MAC: []byte{}, StartedAt: a.Now, AskedAt: a.Now, ReturnURL: a.ReturnURL,
	}
	if a.Saved != nil {
		if err := n.recall(ctx, a, &r); err != nil {
			return r, err
		}
	}
	if err := n.model.Take(a, b, &r); err != nil {
		return r, err
	}
	if r.rehearsed != "" {
		r.Scenario = n.model.Scenario(r.rehearsed)
	}
	switch {
	case a.Saved != nil:
	case n.agrees():
		r.Agreement = n.newToken(a.Now)
		if a.Keep {
			r.Kept = r.Agreement
		}
	case a.Keep:
		r.Kept = n.ids.ID("tok", a.Now)
	}
	if r.Scenario.Asks.Action == pay.ActionRedirect {
		r.TokenHash = hashToken(n.token(a.PaymentID))
	}
	r.PromptUntil = n.promptUntil(&r, a.Ref)
	return r, nil
}

// token returns the secret that opens a payment's prompt. It is computed, so that every answer can
// carry the same address although only the token's hash is kept.
func (n *Network) token(paymentID string) string {
	return hex.EncodeToString(n.vault.MAC("sim "+n.name+" prompt", paymentID))
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// say is the network's answer about a payment.
func (n *Network) say(r *Record, ref pay.Ref) pay.Outcome {
	out := n.outcome(r, ref.Now)
	if out.Action == pay.ActionRedirect {
		out.ActionURL = n.base + "/sim/" + n.name + "/challenge/" + n.token(r.PaymentID)
	}
	return out
}

// refuse records a contradiction and answers with an error.
func (n *Network) refuse(ctx context.Context, ref pay.Ref, what string) (pay.Outcome, error) {
	err := n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue(`INSERT INTO sim_incident
			(incident_id, rail, merchant_id, payment_id, what, happened_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			n.ids.ID("inc", ref.Now), n.name, ref.MerchantID, ref.PaymentID, what, micros(ref.Now))
		return nil
	})
	return pay.Outcome{}, errors.Join(fmt.Errorf("%w: %s", ErrRefused, what), err)
}
