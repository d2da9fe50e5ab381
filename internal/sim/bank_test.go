package sim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

const (
	mira    = "0412 345 678"
	noFunds = "0412 340 011"
)

// monthly makes a session the first of a series of payments each month.
func monthly(r *pay.OpenSession) {
	r.Series = pay.SeriesFirst
	r.Offer.Terms = &terms.Terms{
		Kind: terms.OnDemand, Amount: terms.Amount{Max: r.Amount}, MaxCount: 12,
		Recurrence: &terms.Recurrence{Unit: terms.Month, Interval: 2, MonthDays: []int64{15}},
		Start:      terms.Date{Year: 2026, Month: 10, Day: 1}, MaxTotal: 100_000,
		Period: &terms.Period{Unit: terms.Month, MaxCount: 1}, Zone: "Australia/Sydney",
	}
}

func (s *stand) agreement(token string) pay.Agreement {
	s.T.Helper()
	all, err := s.Pay.Agreements(context.Background(), s.Shop)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, a := range all {
		if a.Token == token {
			return a
		}
	}
	s.T.Fatalf("no agreement %s among %d", token, len(all))
	return pay.Agreement{}
}

func TestBank_ShowsTheExactTerms(t *testing.T) {
	s := newCounter(t)
	once := s.PayTo(s.Open(paytest.InAUD(5000)).ID, mira)
	says(t, s.counter(s.payer(once.SessionID)), "Waiting for you", "AUD 50.00", "Once",
		"0412 345 678", "Answer by", "Approve", "Decline")
	s.PayTo(s.Open(paytest.InAUD(5000), monthly).ID, mira)
	says(t, s.counter("/sim/bank"), "Up to AUD 50.00", "Every 2 months, day 15",
		"1 payment a month, 12 payments in all, AUD 1,000.00 in all", "1 October 2026",
		"it is cancelled")
	says(t, s.counter("/sim"), "Up to AUD 50.00", `href="/sim/bank"`)
}

func TestBank_DoesWhatThePayerPresses(t *testing.T) {
	s := newCounter(t)
	p := s.PayTo(s.Open(paytest.InAUD(5000), monthly).ID, mira)
	path := s.payer(p.SessionID)
	steps := []struct {
		answer, note string
		state        pay.AgreementState
		says         []string
	}{
		{"pause", "over", pay.AgreementPending, []string{"Approve"}},
		{"approve", "agreed", pay.AgreementActive, []string{"Active", "Pause", "Cancel agreement"}},
		{"approve", "over", pay.AgreementActive, []string{"Active"}},
		{"pause", "paused", pay.AgreementSuspended, []string{"Paused by you", "Resume"}},
		{"resume", "resumed", pay.AgreementActive, []string{"Active"}},
		{"cancel", "ended", pay.AgreementCancelled, []string{"Ended by you"}},
		{"resume", "over", pay.AgreementCancelled, []string{"Ended by you"}},
	}
	for _, step := range steps {
		noted(t, s.send(path, "agreement", p.Agreement, "answer", step.answer), path, step.note)
		if now := s.agreement(p.Agreement); now.State != step.state {
			t.Fatalf("after %s it is %s, want %s", step.answer, now.State, step.state)
		}
		says(t, s.counter(path), step.says...)
	}
	page(t, s.send(path, "agreement", p.Agreement, "answer", "shrug"), http.StatusBadRequest)
}

func TestBank_Declines(t *testing.T) {
	s := newCounter(t)
	p := s.PayTo(s.Open(paytest.InAUD(5000)).ID, mira)
	noted(t, s.send("/sim/bank", "agreement", p.Agreement, "answer", "decline"), "/sim/bank",
		"declined")
	if now := s.Payment(p.ID); now.DeclineCode != pay.DeclineByPayer {
		t.Errorf("the payment is %s, %s", now.State, now.DeclineCode)
	}
	says(t, s.counter("/sim/bank"), "Ended by you", "Rejected", "MD16")
}

func TestBank_MovesToAnotherAccount(t *testing.T) {
	s := newCounter(t)
	p := s.PayTo(s.Open(paytest.InAUD(5000), monthly).ID, mira)
	path := "/sim/bank"
	s.send(path, "agreement", p.Agreement, "answer", "approve")
	for _, bad := range [][]string{
		nil, {"payid", "0512"}, {"bsb", "062-000"}, {"bsb", "1", "account", "1"},
		{"payid", "0412 340 005"}, {"payid", "0412 340 006"},
	} {
		fields := append([]string{"agreement", p.Agreement, "answer", "move"}, bad...)
		noted(t, s.send(path, fields...), path, "account")
	}
	noted(t, s.send(path, "agreement", p.Agreement, "answer", "move", "bsb", "082-001", "account",
		"87654321"), path, "moved")
	says(t, s.counter(path), "082-001 87654321")
	noted(t, s.send(path, "agreement", p.Agreement, "answer", "move", "payid",
		"mira@example.com"), path, "moved")
	says(t, s.counter(path), "Ella Walker, ", "mira@example.com")
}

func TestBank_ListsDebitsAndRefunds(t *testing.T) {
	s := newCounter(t)
	good := s.PayTo(s.Open(paytest.InAUD(5000)).ID, mira)
	poor := s.PayTo(s.Open(paytest.InAUD(5000)).ID, noFunds)
	for _, p := range []pay.Payment{good, poor} {
		s.send("/sim/bank", "agreement", p.Agreement, "answer", "approve")
	}
	s.Advance(time.Minute)
	s.Work()
	_, _, err := s.Pay.CreateRefund(context.Background(), s.Shop, nil, pay.RefundRequest{
		PaymentID: good.ID, Amount: 1250,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Advance(time.Minute)
	s.Work()
	text := s.counter("/sim/bank")
	says(t, text, "− AUD 50.00", "Paid", "Not enough money (AM04)", "+ AUD 12.50", "Came back", "Done",
		"MCOC")
	if strings.Count(text, `id="debit-`) != 3 {
		t.Errorf("not two debits and one refund:\n%s", text)
	}
}

// TestBank_IsClosedToOthers: a session's payer sees and answers their own agreements alone, and
// nobody answers for another shop's.
func TestBank_IsClosedToOthers(t *testing.T) {
	s := newCounter(t)
	p := s.PayTo(s.Open(paytest.InAUD(5000)).ID, mira)
	other := s.payer(s.Open(paytest.InAUD(5000)).ID)
	if text := s.counter(other); strings.Contains(text, p.Agreement) {
		t.Error("another session's payer sees the agreement")
	}
	page(t, s.send(other, "agreement", p.Agreement, "answer", "approve"), http.StatusNotFound)
	page(t, s.send(other, "agreement", "0123", "answer", "approve"), http.StatusNotFound)
	stranger := form("/sim/bank", "answer=approve&agreement="+p.Agreement,
		map[string]string{"Sec-Fetch-Site": "cross-site"})
	page(t, serve(s.handler, stranger), http.StatusForbidden)
	if now := s.agreement(p.Agreement); now.State != pay.AgreementPending {
		t.Errorf("the agreement is %s", now.State)
	}
	// Without the demo merchant there is no overview.
	page(t, newStand(t).get("/sim/bank"), http.StatusNotFound)
}

func TestBank_TellsAScriptWhatIsNew(t *testing.T) {
	s := newCounter(t)
	before := liveVersion.FindStringSubmatch(s.counter("/sim/bank"))[1]
	if res := s.get("/sim/bank?have=" + before); res.StatusCode != http.StatusNoContent {
		t.Errorf("nothing is new: status %d", res.StatusCode)
	}
	s.PayTo(s.Open(paytest.InAUD(5000)).ID, mira)
	if res := s.get("/sim/bank?have=" + before); res.StatusCode != http.StatusOK {
		t.Errorf("an agreement is new: status %d", res.StatusCode)
	}
}

func TestBank_ShowsAChangeAndAnswersIt(t *testing.T) {
	s := newCounter(t)
	p := s.PayTo(s.Open(paytest.InAUD(5000), monthly).ID, mira)
	path := s.payer(p.SessionID)
	s.send(path, "agreement", p.Agreement, "answer", "approve")
	mandate := s.Session(p.SessionID).MandateID
	text, sydney := "Two books <every> month", terms.Terms{Zone: "Australia/Sydney"}.Location()
	end := terms.Date{Year: 2027, Month: 12, Day: 31}
	propose := func() {
		t.Helper()
		_, _, err := s.Pay.AmendMandate(t.Context(), s.Shop, nil, mandate, pay.MandateChange{
			Amount: &terms.Amount{Max: 9000}, End: &end, Description: &text,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	propose()
	for _, page := range []string{path, "/sim/bank", "/sim"} {
		says(t, s.counter(page), "The shop asks for a change",
			"<del>Up to AUD 50.00</del> → <ins>Up to AUD 90.00</ins>",
			"<del>it is cancelled</del> → <ins>31 December 2027</ins>",
			"<ins>Two books &lt;every&gt; month</ins>",
			s.Clock.Now().Add(120*time.Hour).In(sydney).Format("2 January, 15:04 MST"),
			"Approve change", "Decline change", "Pause")
		if strings.Contains(s.counter(page), "<del>Every") {
			t.Errorf("%s shows a change of what stays", page)
		}
	}
	noted(t, s.send(path, "agreement", p.Agreement, "answer", "decline"), path, "declined")
	says(t, s.counter(path), "Up to AUD 50.00")
	noted(t, s.send(path, "agreement", p.Agreement, "answer", "approve"), path, "over")
	propose()
	noted(t, s.send(path, "agreement", p.Agreement, "answer", "approve"), path, "agreed")
	text = s.counter(path)
	says(t, text, "Up to AUD 90.00", "31 December 2027", "Active")
	if strings.Contains(text, "asks for a change") {
		t.Error("an answered change is shown")
	}
	if m := s.Mandate(mandate); m.Terms.Amount.Max != 9000 || m.Proposal != nil {
		t.Errorf("the mandate is for %+v", m.Terms)
	}
}

// TestBank_ShowsHowAPaymentStands: neither the bank's app nor the page of the networks calls a
// payment failed that is not, however bad the day is.
func TestBank_ShowsHowAPaymentStands(t *testing.T) {
	s := newCounter(t)
	silent := s.PayTo(s.Open(paytest.InAUD(5000)).ID, "0412 340 025")
	if text := s.counter("/sim/bank"); strings.Contains(text, `id="debit-`) {
		t.Errorf("a payment that nobody agreed to is listed:\n%s", text)
	}
	s.send("/sim/bank", "agreement", silent.Agreement, "answer", "approve")
	says(t, s.counter("/sim/bank"), "On its way (ACSP)")
	says(t, s.counter("/sim/networks"), "ACSP", "has accepted it and settles it")
	s.Advance(30 * time.Second)
	s.Work()
	if err := s.Pay.Behave(t.Context(), s.Shop, silent.Rail, pay.Behaviour{Down: true}); err != nil {
		t.Fatal(err)
	}
	says(t, s.counter("/sim/bank"), "On its way (PDNG)")
	says(t, s.counter("/sim/networks"), "PDNG", "asks the payer’s bank again")
	if now := s.Payment(silent.ID); now.State != pay.PaymentWaiting {
		t.Errorf("in the tail the payment is %s", now.State)
	}
	if err := s.Pay.Behave(t.Context(), s.Shop, silent.Rail, pay.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	s.Advance(40 * time.Hour)
	s.Work()
	says(t, s.counter("/sim/networks"), "RJCT (AB04)", "No money has moved")
	if text := s.counter("/sim/bank"); strings.Contains(text, "On its way") {
		t.Errorf("what was rejected is on its way:\n%s", text)
	}
}
