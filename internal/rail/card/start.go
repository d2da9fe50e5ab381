package card

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

// The purposes that separate the network's keys from all others of the installation.
const (
	purposeCard  = "sim card number"
	purposeToken = "sim card challenge"
)

// Start submits a payment. A second Start with the same id answers what became of the first; one
// that asks for something else is refused and recorded.
func (n *Network) Start(ctx context.Context, a pay.Attempt) (pay.Outcome, error) {
	if err := n.reached(a.Scope); err != nil {
		return pay.Outcome{}, err
	}
	if a.Card == nil {
		return pay.Outcome{}, fmt.Errorf("start %s: no card", a.PaymentID)
	}
	r := n.newRecord(a)
	if r.scenario.reply == neverArrives {
		return pay.Outcome{}, ErrNoReply
	}
	err := n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		queueRecord(tx, &r)
		if at, amount, ok := r.debit(); ok {
			queueDebit(tx, &r, at, amount)
		}
		if !r.scenario.challenge {
			n.queueNotices(tx, &r, a.Now)
		}
		return nil
	})
	if taken := new(sqldb.UniqueError); errors.As(err, &taken) {
		out, err := n.startAgain(ctx, a, &r)
		return n.reply(a.Scope, out, err)
	}
	if err != nil {
		return pay.Outcome{}, err
	}
	if r.scenario.notice == noticeFirst {
		n.notifyFirst(ctx, &r)
	}
	if r.scenario.reply == replyLost {
		return pay.Outcome{}, ErrNoReply
	}
	return n.reply(a.Scope, n.say(&r, a.Ref), nil)
}

// startAgain answers a repeated submission from the record of the first.
func (n *Network) startAgain(
	ctx context.Context, a pay.Attempt, asked *record,
) (pay.Outcome, error) {
	known, err := load(ctx, n.db.Reader(), selectRecord, a.PaymentID, a.MerchantID)
	switch {
	case errors.Is(err, errNoRecord):
		return n.refuse(ctx, a.Ref, "payment id belongs to another merchant")
	case err != nil:
		return pay.Outcome{}, err
	case known.closedUnseen():
		return pay.Outcome{Kind: pay.OutcomeCanceled, Amount: a.Amount}, nil
	case known.amount != asked.amount || known.manual != asked.manual:
		return n.refuse(ctx, a.Ref, "payment id used again for another amount")
	case !hmac.Equal(known.mac, asked.mac):
		return n.refuse(ctx, a.Ref, "payment id used again with another card")
	}
	return n.say(&known, a.Ref), nil
}

// Query says what became of a payment.
func (n *Network) Query(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	if err := n.reached(ref.Scope); err != nil {
		return pay.Outcome{}, err
	}
	r, err := load(ctx, n.db.Reader(), selectRecord, ref.PaymentID, ref.MerchantID)
	if errors.Is(err, errNoRecord) {
		return n.reply(ref.Scope, pay.Outcome{Kind: pay.OutcomeNotFound}, nil)
	}
	return n.reply(ref.Scope, n.say(&r, ref), err)
}

func (n *Network) newRecord(a pay.Attempt) record {
	digits := a.Card.Number.Reveal()
	r := record{
		paymentID: a.PaymentID, merchantID: a.MerchantID, reference: n.ids.ID("nw", a.Now),
		scenario: scenarioOf(digits), amount: a.Amount, manual: a.Capture == pay.CaptureManual,
		mac: n.vault.MAC(purposeCard, digits), startedAt: a.Now, returnURL: a.ReturnURL,
		card: pay.CardSummary{
			Brand: pay.Brand(digits), Last4: a.Card.Number.Last4(),
			ExpMonth: a.Card.ExpMonth, ExpYear: a.Card.ExpYear,
		},
	}
	if r.scenario.challenge {
		r.tokenHash = hashToken(n.token(a.PaymentID))
		r.promptUntil = n.clock.Now().Add(ChallengeTTL)
	}
	return r
}

// token returns the secret that opens a payment's challenge. It is computed, so that every answer
// can carry the same address although only the token's hash is kept.
func (n *Network) token(paymentID string) string {
	return hex.EncodeToString(n.vault.MAC(purposeToken, paymentID))
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// say is the network's answer about a payment.
func (n *Network) say(r *record, ref pay.Ref) pay.Outcome {
	out := r.outcome(ref.Now)
	if out.Kind == pay.OutcomeAction {
		out.Action, out.ActionURL = pay.ActionRedirect, n.base + ChallengePath + n.token(r.paymentID)
	}
	return out
}

// refuse records a contradiction and answers with an error.
func (n *Network) refuse(ctx context.Context, ref pay.Ref, what string) (pay.Outcome, error) {
	err := n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		n.queueIncident(tx, ref, what)
		return nil
	})
	return pay.Outcome{}, errors.Join(fmt.Errorf("%w: %s", ErrRefused, what), err)
}
