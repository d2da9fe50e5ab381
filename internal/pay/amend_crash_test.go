package pay_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

func (d *cutOff) Amend(
	ctx context.Context, ref pay.AgreementRef, o pay.AmendOrder,
) (pay.Agreement, error) {
	if d.there.Load() {
		return pay.Agreement{}, d.lost()
	}
	a, err := d.agreer.Amend(ctx, ref, o)
	if d.back.Load() {
		return pay.Agreement{}, d.lost()
	}
	return a, err
}

// lost is what becomes of a call that is cut off.
func (d *cutOff) lost() error {
	if d.dies.Load() {
		panic(errSilent)
	}
	return errSilent
}

// amendedOnce demands one amendment at the bank, the new terms, and one final event.
func amendedOnce(t *testing.T, w *paytest.World, id string) {
	t.Helper()
	m := w.Mandate(id)
	a := agreements(t, w)[0] // the newest
	if m.Proposal != nil || m.Terms.Amount.Max != 8000 || a.Terms.Amount.Max != 8000 ||
		a.Version != 2 {
		t.Errorf("mandate is for %+v, the agreement of version %d for %+v", m.Terms, a.Version,
			a.Terms)
	}
	events(t, w, id, "mandate.amended")
	chargeAUD(t, w, id, 7000)
}

// TestAmendCrash: the process ends before the bank hears of a proposal, or before we hear of the
// bank; and the payer answers while we are down, or after.
func TestAmendCrash(t *testing.T) {
	bothWays(t, func(t *testing.T, w *paytest.World, d *cutOff, cut *atomic.Bool) {
		m := agreeAtBank(t, w, upTo(5000))
		deaf(t, w)
		cut.Store(true)
		o := onceProposed("k1")
		m, first, err := w.Pay.AmendMandate(t.Context(), w.Shop, o, m.ID, toUpTo(8000))
		if err != nil || m.Proposal == nil || m.Proposal.Known {
			t.Fatalf("proposal %+v, %v", m.Proposal, err)
		}
		restart(w)
		w.Advance(3 * time.Minute) // the bank is silent still
		cut.Store(false)
		w.Advance(2 * time.Minute)
		m = w.Mandate(m.ID)
		if p := m.Proposal; p == nil || !p.Known || string(first.Body) != p.ID ||
			agreements(t, w)[0].Amendment.ID != p.ID {
			t.Fatalf("proposal %+v", p)
		}
		w.AtBankAlone(agreements(t, w)[0].Token, pay.BankApprove)
		restart(w)
		w.Advance(2 * time.Hour)
		amendedOnce(t, w, m.ID)
	})
}

// TestAmendCrash_TheProcessDies: between the intent and the bank, or between the bank and what it
// said. The request is repeated: at once, and after the look.
func TestAmendCrash_TheProcessDies(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		for key, cut := range map[string]*atomic.Bool{"there": &d.there, "back": &d.back} {
			m := agreeAtBank(t, w, upTo(5000))
			o := onceProposed(key)
			propose := func() (pay.Reply, error) {
				_, reply, err := w.Pay.AmendMandate(t.Context(), w.Shop, o, m.ID, toUpTo(8000))
				return reply, err
			}
			cut.Store(true)
			d.dies.Store(true)
			func() {
				defer func() { _ = recover() }()
				reply, err := propose()
				t.Errorf("the process lives: %+v, %v", reply, err)
			}()
			cut.Store(false)
			d.dies.Store(false)
			restart(w)
			_, err := propose()
			fails(t, err, pay.Conflict, "idempotency_key_in_use", "")
			w.Advance(2 * time.Minute)
			p := w.Mandate(m.ID).Proposal
			if reply, err := propose(); err != nil || p == nil || string(reply.Body) != p.ID ||
				!reply.Replayed || !p.Known {
				t.Fatalf("repeated: %+v, %v, proposal %+v", reply, err, p)
			}
			w.AtBank(m.ID, pay.BankApprove)
			amendedOnce(t, w, m.ID)
		}
	})
}

// unheard is a world in which a proposal was cut off on its way there or back, and the id of its
// mandate, whose payer has then done something at the bank that nobody told us of.
func unheard(
	t *testing.T, way func(*cutOff) *atomic.Bool, do pay.BankAction,
) (*paytest.World, string) {
	t.Helper()
	w, d := mortal(t, paytest.Options{})
	m := agreeAtBank(t, w, upTo(5000))
	deaf(t, w)
	way(d).Store(true)
	amended(t, w, m.ID, toUpTo(8000))
	w.AtBankAlone(agreements(t, w)[0].Token, do)
	way(d).Store(false)
	return w, m.ID
}

// TestAmendCrash_AnsweredBeforeWeHeard: the reply to the proposal was lost, and the payer has
// answered before we ask.
func TestAmendCrash_AnsweredBeforeWeHeard(t *testing.T) {
	w, id := unheard(t, back, pay.BankApprove)
	restart(w)
	w.Advance(2 * time.Minute)
	amendedOnce(t, w, id)
}

// TestAmendCrash_NeverHeard: the bank is silent until the time to answer is over.
func TestAmendCrash_NeverHeard(t *testing.T) {
	w, d := mortal(t, paytest.Options{})
	m := agreeAtBank(t, w, upTo(5000))
	d.there.Store(true)
	x := toUpTo(8000)
	x.Deadline = w.Pay.Now(w.Shop).Add(time.Hour)
	amended(t, w, m.ID, x)
	w.Advance(time.Hour)
	if m = w.Mandate(m.ID); m.Proposal == nil {
		t.Fatal("given up before the bank said anything")
	}
	d.there.Store(false)
	w.Advance(time.Hour)
	if m = w.Mandate(m.ID); m.Proposal != nil || m.Terms.Amount.Max != 5000 {
		t.Errorf("proposal %+v", m.Proposal)
	}
	events(t, w, m.ID, "mandate.amendment_expired")
}

// TestAmendCrash_EndedBeforeTheBankHears: the payer ends the agreement before a proposal arrives.
func TestAmendCrash_EndedBeforeTheBankHears(t *testing.T) {
	w, id := unheard(t, there, pay.BankCancel)
	w.Advance(2 * time.Minute)
	if m := w.Mandate(id); m.Proposal != nil || m.State != pay.MandateCanceled {
		t.Errorf("mandate is %s with %+v", m.State, m.Proposal)
	}
	events(t, w, id, "mandate.canceled")
}

func TestAmendRace_OneProposalOfMany(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		m := agreeAtBank(t, w, upTo(5000))
		other := w.Twin()
		_, errs := together(20, func(i int) (struct{}, error) {
			s := w.Pay
			if i%2 == 0 {
				s = other
			}
			_, _, err := s.AmendMandate(context.Background(), w.Shop, nil, m.ID,
				toUpTo(8000+int64(i)))
			return struct{}{}, err
		})
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
				continue
			}
			fails(t, err, pay.State, "amendment_pending", "")
		}
		m = w.Mandate(m.ID)
		if taken != 1 || m.Proposal == nil || agreements(t, w)[0].Amendment.ID != m.Proposal.ID {
			t.Errorf("%d proposals were taken", taken)
		}
	})
}

// TestAmendRace_AnswerAgainstEndAgainstTime: whoever is first, there is one final event of the
// proposal, and none of one that ended with its mandate.
func TestAmendRace_AnswerAgainstEndAgainstTime(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		other := w.Twin()
		for round := range 3 {
			m := agreeAtBank(t, w, upTo(5000))
			x := toUpTo(8000)
			x.Deadline = w.Pay.Now(w.Shop).Add(time.Hour)
			amended(t, w, m.ID, x)
			if round > 0 {
				w.Clock.Advance(time.Hour - time.Millisecond*time.Duration(round-1))
			}
			_, errs := together(24, func(i int) (struct{}, error) {
				var err error
				switch i % 6 {
				case 0, 1:
					_, err = w.Pay.DecideAgreement(ctx, w.Shop, m.ID,
						pay.BankDecision{Do: pay.BankApprove})
				case 2:
					_, err = other.ChargeDue(ctx)
				case 3:
					_, err = w.Pay.ProcessNotices(ctx)
				case 4:
					_, err = other.DecideAgreement(ctx, w.Shop, m.ID,
						pay.BankDecision{Do: pay.BankDecline})
				case 5:
					if i == 5 {
						_, _, err = other.CancelMandate(ctx, w.Shop, nil, m.ID)
					}
				}
				return struct{}{}, err
			})
			for i, err := range errs {
				if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
					t.Errorf("call %d: %v", i, err)
				}
			}
			w.Advance(2 * time.Hour)
			m = w.Mandate(m.ID)
			told := w.Told(m.ID)
			if m.State != pay.MandateCanceled || m.Proposal != nil || len(told) < 2 || len(told) > 3 {
				t.Errorf("mandate is %s, told %v", m.State, told)
			}
			approved := m.Terms.Amount.Max == 8000
			if approved != (len(told) == 3 && told[1] == "mandate.amended") {
				t.Errorf("the terms are %+v, told %v", m.Terms, told)
			}
		}
	})
}
