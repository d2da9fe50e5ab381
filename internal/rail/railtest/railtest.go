package railtest

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Case is a behaviour that the suite asks a network for.
type Case string

// The behaviours. Every rail must have the first; a test whose case a rail does not have is not
// part of its suite.
const (
	Succeeds     Case = "succeeds"      // at once, or when a pay.Depositor is sent the money
	Declines     Case = "declines"      // at once
	Late         Case = "late"          // succeeds after Harness.LateAfter, with a notification
	LateDecline  Case = "late decline"  // says no after Harness.LateAfter
	ReplyLost    Case = "reply lost"    // succeeds, and Start fails
	NeverArrives Case = "never arrives" // Start fails, nothing was submitted
	Challenged   Case = "challenged"    // waits for the payer's answer
	Coded        Case = "coded"         // waits for the payer's one-time code
	Anyway       Case = "anyway"        // as challenged; unanswered, the money comes all the same
	RefundLate   Case = "refund late"   // a refund takes Harness.LateAfter
	RefundFails  Case = "refund fails"  // a refund fails after Harness.LateAfter
	Verified     Case = "verified"      // succeeds, an amount of zero too

	AsksAlways    Case = "asks always"    // as challenged, at every charge of what was kept
	DeclinesLater Case = "declines later" // succeeds; what was kept is declined without a reason
)

// Harness is one network under test.
type Harness struct {
	// Open opens the network over the same records each time.
	Open func(t testing.TB) pay.Rail
	// Now is the time of the server and of the merchant; Advance moves it.
	Now     func() time.Time
	Advance func(d time.Duration)
	IDs     ident.Source
	// Fill completes an attempt with what the payer types for a case; false when the network has no
	// such case.
	Fill func(c Case, a *pay.Attempt) bool
	// Debits and Credits are what the network's own ledger has booked for a payment by now.
	Debits, Credits func(t testing.TB, paymentID string) []money.Amount
	// Notices collects the notifications that are due, as they arrive at the door.
	Notices func(t testing.TB, r pay.Rail) []Notification
	// LateAfter is how long the late cases take.
	LateAfter time.Duration
	// TimeOut is why a payment is declined whose payer never answers.
	TimeOut pay.DeclineCode
}

// Notification is what arrives at the door.
type Notification struct {
	Header http.Header
	Body   []byte
}

// parallel is how many callers do the same thing at once.
const parallel = 16

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	s := &suite{
		Harness: h, merchant: h.IDs.ID("mer", h.Now()), currencies: h.Open(t).Facts().Currencies,
		amount: money.Amount{Minor: 12_345, Currency: "GHS"},
	}
	if s.currencies != nil {
		s.amount.Currency = s.currencies[0]
	}
	tests := []test{
		{"facts", s.facts},
		{"start answers what was asked", s.startEchoes},
		{"start again", s.startAgain},
		{"start at once by many", s.startParallel},
		{"start again with other terms", s.startContradicts},
		{"a decline is an outcome", s.declineIsOutcome},
		{"an error means unknown", s.errorMeansUnknown},
		{"not found before, and for others", s.notFound},
		{"late outcomes", s.late},
		{"a reopened network says the same", s.reopen},
		{"the other mode is refused", s.otherMode},
		{"capture", s.capture},
		{"capture more than held", s.captureTooMuch},
		{"capture at once by many", s.captureParallel},
		{"void", s.void},
		{"void what is late", s.voidLate},
		{"void before it arrives", s.voidUnseen},
		{"capture against void", s.captureAgainstVoid},
		{"capture in parts", s.captureParts},
		{"void the rest", s.voidRest},
		{"refund a part while the rest is held", s.refundPart},
		{"parts at once by many", s.partsParallel},
		{"parts against void", s.partsAgainstVoid},
		{"verify", s.verify},
		{"keep", s.keep},
		{"charge what is kept", s.chargeSaved},
		{"charge what is kept at once by many", s.chargeSavedParallel},
		{"forget", s.forget},
		{"charge without the payer", s.offSession},
		{"a payer who is always asked", s.asksAlways},
		{"declined later", s.declinesLater},
		{"rehearse", s.rehearse},
		{"rehearse, then many at once", s.rehearseParallel},
		{"refund", s.refund},
		{"refund what was not paid", s.refundUnpaid},
		{"refunds at once by many", s.refundParallel},
		{"one refund at once by many", s.refundSameParallel},
		{"late refunds", s.refundLate},
		{"refunds that fail", s.refundFails},
		{"challenge", s.challenge},
		{"challenge at once by many", s.challengeParallel},
		{"challenge runs out", s.challengeRunsOut},
		{"prompts are listed", s.prompts},
		{"wrong PINs", s.wrongPINs},
		{"one-time code", s.code},
		{"wrong codes", s.wrongCodes},
		{"a prompt is sent again", s.resend},
		{"money after the time-out", s.anyway},
		{"transfers", s.transfers},
		{"transfers that run out", s.transferRunsOut},
		{"void a transfer", s.voidTransfer},
		{"deposits at once by many", s.depositsParallel},
		{"notifications", s.notices},
		{"forged notifications", s.forged},
		{"behaviour", s.behaviour},
	}
	for _, test := range append(tests, s.ofAgreements()...) {
		t.Run(test.name, test.run)
	}
}

type test struct {
	name string
	run  func(t *testing.T)
}

type suite struct {
	Harness
	merchant   string
	currencies []string     // that the network moves; nil for any
	amount     money.Amount // what its payments are worth
}

func (s *suite) ref(paymentID string) pay.Ref {
	return pay.Ref{
		Scope:     pay.Scope{MerchantID: s.merchant, Mode: pay.Test},
		PaymentID: paymentID, Now: s.Now(),
	}
}

// sessionTTL is how long the payers of the suite have.
const sessionTTL = 2 * time.Hour

// attempt returns a new payment for a case; the test is skipped when the network has none.
func (s *suite) attempt(t *testing.T, c Case, capture pay.CaptureMode) pay.Attempt {
	t.Helper()
	a := pay.Attempt{
		Ref: s.ref(s.IDs.ID("pay", s.Now())), Amount: s.amount, Capture: capture,
		ExpiresAt: s.Now().Add(sessionTTL), ReturnURL: "http://127.0.0.1/checkout/return",
	}
	if !s.Fill(c, &a) {
		if c == Succeeds {
			t.Fatalf("the network has no payment that %s", c)
		}
		t.Skipf("the network has no payment for %q", c)
	}
	return a
}

// started submits a payment now and fails the test if the network does not answer.
func (s *suite) started(t *testing.T, r pay.Rail, a pay.Attempt) pay.Outcome {
	t.Helper()
	a.Now = s.Now()
	out, err := r.Start(t.Context(), a)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return out
}

// start submits a payment that succeeds, and brings the money if somebody has to.
func (s *suite) start(t *testing.T, r pay.Rail, a pay.Attempt) pay.Outcome {
	t.Helper()
	out := s.started(t, r, a)
	bank, ok := r.(pay.Depositor)
	if !ok {
		want(t, out, pay.OutcomePaid, a.Amount)
		return out
	}
	want(t, out, pay.OutcomeWaiting, a.Amount)
	if err := bank.Deposit(t.Context(), s.ref(a.PaymentID), a.Amount); err != nil {
		t.Fatal(err)
	}
	out = s.query(t, r, a.PaymentID)
	want(t, out, pay.OutcomeReceived, a.Amount)
	return out
}

// paid submits a payment that is paid.
func (s *suite) paid(t *testing.T, r pay.Rail, c Case) pay.Attempt {
	t.Helper()
	a := s.attempt(t, c, pay.CaptureAutomatic)
	s.start(t, r, a)
	return a
}

// open submits a payment whose money could still come or not, and that can be given up.
func (s *suite) open(t *testing.T, r pay.Rail) pay.Attempt {
	t.Helper()
	if _, ok := r.(pay.Capturer); ok {
		return s.held(t, r)
	}
	c := Challenged
	if _, ok := r.(pay.Depositor); ok {
		c = Succeeds
	}
	a := s.attempt(t, c, pay.CaptureAutomatic)
	s.started(t, r, a)
	s.taken(t, a.PaymentID)
	return a
}

// same reports whether two answers say the same.
func same(a, b pay.Outcome) bool { return reflect.DeepEqual(a, b) }

func (s *suite) query(t *testing.T, r pay.Rail, paymentID string) pay.Outcome {
	t.Helper()
	out, err := r.Query(t.Context(), s.ref(paymentID))
	if err != nil {
		t.Fatalf("Query: %v", err)
	}
	return out
}

// want checks the kind and, for outcomes that carry money, the amount.
func want(t *testing.T, got pay.Outcome, kind pay.OutcomeKind, amount money.Amount) {
	t.Helper()
	if got.Kind != kind {
		t.Fatalf("outcome = %+v, want kind %d", got, kind)
	}
	if kind != pay.OutcomeNotFound && got.Amount != amount {
		t.Errorf("outcome's amount = %v, want %v", got.Amount, amount)
	}
	if declined := kind == pay.OutcomeDeclined; declined != (got.Decline != "") {
		t.Errorf("outcome of kind %d carries decline %q", kind, got.Decline)
	}
}

// taken checks that the network has debited exactly these amounts.
func (s *suite) taken(t *testing.T, paymentID string, minors ...int64) {
	t.Helper()
	s.booked(t, "debits", s.Debits(t, paymentID), minors)
}

// returned checks that the network has given back exactly these amounts, in any order.
func (s *suite) returned(t *testing.T, paymentID string, minors ...int64) {
	t.Helper()
	s.booked(t, "credits", s.Credits(t, paymentID), minors)
}

func (s *suite) booked(t *testing.T, what string, got []money.Amount, minors []int64) {
	t.Helper()
	left := map[money.Amount]int{}
	for _, a := range got {
		left[a]++
	}
	for _, minor := range minors {
		left[money.Amount{Minor: minor, Currency: s.amount.Currency}]--
	}
	for a, n := range left {
		if n != 0 {
			t.Errorf("%s = %v, want %v in %s (%v is off by %d)", what, got, minors,
				s.amount.Currency, a, n)
			return
		}
	}
}

// atOnce runs do in parallel and returns what each call said. Errors mean unknown and are left out.
func atOnce(t *testing.T, do func(ctx context.Context, i int) (pay.Outcome, error)) []pay.Outcome {
	t.Helper()
	outs := make([]pay.Outcome, parallel)
	var wg sync.WaitGroup
	var unknown atomic.Int64
	gate := make(chan struct{})
	for i := range parallel {
		wg.Go(func() {
			<-gate
			out, err := do(t.Context(), i)
			if err != nil {
				unknown.Add(1)
				t.Logf("call %d: %v", i, err)
			}
			outs[i] = out
		})
	}
	close(gate)
	wg.Wait()
	if unknown.Load() == parallel {
		t.Fatal("every call failed")
	}
	known := outs[:0]
	for _, out := range outs {
		if out.Kind != 0 {
			known = append(known, out)
		}
	}
	return known
}

// able returns an ability of the rail, or skips the test of a rail that does not have it.
func able[A any](t *testing.T, r pay.Rail, lack string) A {
	t.Helper()
	a, ok := r.(A)
	if !ok {
		t.Skip("the rail " + lack)
	}
	return a
}
