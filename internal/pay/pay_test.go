package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

const ok = "4242424242424242"

func TestPay_CardCompletesTheSession(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	p := w.Buy(ses.ID, ok)
	if p.State != pay.PaymentPaid || p.Captured != 5000 || p.Card.Last4 != "4242" {
		t.Errorf("payment %+v", p)
	}
	got := w.Session(ses.ID)
	if got.State != pay.SessionComplete || got.PaymentID != p.ID {
		t.Errorf("session is %s with payment %q", got.State, got.PaymentID)
	}
	if _, err := w.Try(ses.ID, ok); !pay.IsKind(err, pay.State) {
		t.Errorf("a paid session was paid again: %v", err)
	}
}

func TestPay_DeclineLeavesTheSessionOpen(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	p := w.Buy(ses.ID, "4000000000009995")
	if p.State != pay.PaymentFailed || p.DeclineCode != pay.DeclineInsufficientFunds {
		t.Errorf("payment is %s, %s", p.State, p.DeclineCode)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionOpen {
		t.Errorf("session is %s", got.State)
	}
	if p := w.Buy(ses.ID, ok); p.State != pay.PaymentPaid {
		t.Errorf("second try is %s", p.State)
	}
}

func TestPay_ManyDeclinesCloseTheSession(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	for range pay.MaxDeclines {
		w.Buy(ses.ID, "4000000000000002")
	}
	if got := w.Session(ses.ID); got.State != pay.SessionExpired {
		t.Errorf("session is %s after %d declines", got.State, pay.MaxDeclines)
	}
	_, err := w.Try(ses.ID, ok)
	if e := pay.AsError(err); e == nil || e.Code != "session_closed" {
		t.Errorf("a closed session answers %v", err)
	}
}

func TestPay_StepUpIsAnsweredByThePayer(t *testing.T) {
	for _, approve := range []bool{true, false} {
		w := paytest.New(t)
		ses := w.Open()
		p := w.Buy(ses.ID, "4000002500003155")
		if p.State != pay.PaymentAction || p.ActionURL == "" {
			t.Fatalf("payment is %s", p.State)
		}
		if _, err := w.Try(ses.ID, ok); !pay.IsKind(err, pay.Conflict) {
			t.Errorf("a second attempt beside the first: %v", err)
		}
		p, err := w.Pay.Answer(context.Background(), w.Shop, p.ID, decision(approve))
		if err != nil {
			t.Fatal(err)
		}
		want, state := pay.PaymentPaid, pay.SessionComplete
		if !approve {
			want, state = pay.PaymentFailed, pay.SessionOpen
		}
		if got := w.Session(ses.ID); p.State != want || got.State != state {
			t.Errorf("approve %v: payment %s, session %s", approve, p.State, got.State)
		}
	}
}

func decision(approve bool) pay.Decision {
	if approve {
		return pay.Approve
	}
	return pay.Reject
}

func TestPay_AbandonedStepUpFreesTheSession(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	p := w.Buy(ses.ID, "4000002500003155")
	w.Advance(15 * time.Minute)
	if got := w.Payment(p.ID); got.State != pay.PaymentFailed ||
		got.DeclineCode != pay.DeclineAuthTimeout {
		t.Errorf("payment is %s, %s", got.State, got.DeclineCode)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionOpen {
		t.Errorf("session is %s", got.State)
	}
}

func TestExpire_NeverWhileAnAttemptIsInFlight(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(func(r *pay.OpenSession) {
		r.ExpiresAt = paytest.Epoch.Add(time.Minute)
	})
	p := w.Buy(ses.ID, "4000002500003155")
	w.Advance(5 * time.Minute)
	if got := w.Session(ses.ID); got.State != pay.SessionPaying {
		t.Errorf("session is %s while it is being paid", got.State)
	}
	if _, err := w.Pay.Answer(context.Background(), w.Shop, p.ID, pay.Reject); err != nil {
		t.Fatal(err)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionExpired {
		t.Errorf("session is %s after the attempt ended behind its deadline", got.State)
	}
}

func TestExpire_OpenSessionEndsAtItsDeadline(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(func(r *pay.OpenSession) { r.ExpiresAt = paytest.Epoch.Add(time.Minute) })
	w.Clock.Advance(time.Minute)
	seen := w.Session(ses.ID)
	if seen.StateAt(w.Pay.Now(w.Shop)) != pay.SessionExpired {
		t.Error("an open session past its deadline is shown as open")
	}
	if _, err := w.Try(ses.ID, ok); !pay.IsKind(err, pay.State) {
		t.Errorf("paid after the deadline: %v", err)
	}
	w.Work()
	if got := w.Session(ses.ID); got.State != pay.SessionExpired {
		t.Errorf("session is %s", got.State)
	}
}

func TestExpireSession_ByItsMerchant(t *testing.T) {
	w := paytest.New(t)
	ctx := context.Background()
	ses := w.Open()
	got, _, err := w.Pay.ExpireSession(ctx, w.Shop, nil, ses.ID)
	if err != nil || got.State != pay.SessionExpired {
		t.Fatalf("%s, %v", got.State, err)
	}
	if _, _, err := w.Pay.ExpireSession(ctx, w.Shop, nil, ses.ID); !pay.IsKind(err, pay.State) {
		t.Errorf("expired twice: %v", err)
	}
	_, _, err = w.Pay.ExpireSession(ctx, w.Rival, nil, w.Open().ID)
	if !pay.IsKind(err, pay.NotFound) {
		t.Errorf("a rival expired it: %v", err)
	}
}

func TestAdvanceClock_MovesOnlyItsMerchant(t *testing.T) {
	w := paytest.New(t)
	ctx := context.Background()
	ses := w.Open()
	theirs, _, err := w.Pay.OpenSession(ctx, w.Rival, nil, pay.OpenSession{
		Family: "checkout", Amount: 1, Currency: "GHS",
		SuccessURL: "https://rival.test/", CancelURL: "https://rival.test/",
	})
	if err != nil {
		t.Fatal(err)
	}
	now, _, err := w.Pay.AdvanceClock(ctx, w.Shop, nil, 25*time.Hour)
	if err != nil || !now.Equal(paytest.Epoch.Add(25*time.Hour)) {
		t.Fatalf("clock is %s, %v", now, err)
	}
	w.Work()
	if got := w.Session(ses.ID); got.State != pay.SessionExpired {
		t.Errorf("session is %s a day after its clock moved", got.State)
	}
	got, err := w.Pay.Session(ctx, w.Rival, theirs.ID)
	if err != nil || got.State != pay.SessionOpen {
		t.Errorf("the rival's session is %s, %v", got.State, err)
	}
}
