package card_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// kept saves a card and returns its token.
func (b *bench) kept(t testing.TB, number string) string {
	t.Helper()
	a := b.attempt(number)
	a.Keep = true
	out, err := b.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if out.Kind == pay.OutcomeAction {
		if err := b.Decide(t.Context(), b.Ref(a.PaymentID), pay.Approve); err != nil {
			t.Fatal(err)
		}
		out = b.query(t, a.PaymentID)
	}
	if out.Kind != pay.OutcomePaid || out.Token == "" {
		t.Fatalf("%s was not saved: %+v", number, out)
	}
	return out.Token
}

// charge charges a saved card.
func (b *bench) charge(t testing.TB, token string, offSession bool) (pay.Attempt, pay.Outcome) {
	t.Helper()
	a := b.Attempt()
	a.Saved = &pay.Credential{Token: token, OffSession: offSession}
	out, err := b.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return a, out
}

func TestSaved_EveryNumber(t *testing.T) {
	const there, away = false, true
	tests := []struct {
		number  string
		payer   bool
		kind    pay.OutcomeKind
		decline pay.DeclineCode
	}{
		{okCard, there, pay.OutcomePaid, ""},
		{okCard, away, pay.OutcomePaid, ""},
		{"4000000000000341", there, pay.OutcomeDeclined, pay.DeclineGeneric},
		{"4000000000000341", away, pay.OutcomeDeclined, pay.DeclineGeneric},
		{"4000000000111007", there, pay.OutcomeDeclined, pay.DeclineInsufficientFunds},
		{"4000000000111007", away, pay.OutcomeDeclined, pay.DeclineInsufficientFunds},
		{"4000002760003184", there, pay.OutcomeAction, ""},
		{"4000002760003184", away, pay.OutcomeDeclined, pay.DeclineAuthRequired},
		{challengeCard, there, pay.OutcomeAction, ""},
		{challengeCard, away, pay.OutcomePaid, ""},
		{"4000000000003055", away, pay.OutcomePaid, ""},
		{"4000000000007726", away, pay.OutcomePaid, ""},
	}
	engines(t, func(t *testing.T, b *bench) {
		for _, test := range tests {
			a, out := b.charge(t, b.kept(t, test.number), test.payer)
			if out.Kind != test.kind || out.Decline != test.decline {
				t.Errorf("%s, off session %v: %+v", test.number, test.payer, out)
			}
			debits := len(b.ledger(t, "debit", a.PaymentID))
			if (debits == 1) != (test.kind == pay.OutcomePaid) {
				t.Errorf("%s: %d debits", test.number, debits)
			}
		}
	})
}

// A card is good through the last day of its month, everywhere on earth.
func TestSaved_Expires(t *testing.T) {
	b := sqlite(t)
	token := b.kept(t, okCard) // 12/2030
	end := time.Date(2031, 1, 1, 12, 0, 0, 0, time.UTC)
	b.Clock.Advance(end.Sub(b.Clock.Now()) - time.Microsecond)
	if _, out := b.charge(t, token, true); out.Kind != pay.OutcomePaid {
		t.Errorf("on its last day: %+v", out)
	}
	b.Clock.Advance(time.Microsecond)
	for _, offSession := range []bool{true, false} {
		a, out := b.charge(t, token, offSession)
		if out.Kind != pay.OutcomeDeclined || out.Decline != pay.DeclineExpiredCard {
			t.Errorf("afterwards: %+v", out)
		}
		if got := b.ledger(t, "debit", a.PaymentID); len(got) != 0 {
			t.Errorf("debits = %v", got)
		}
	}
}

// The network keeps of a card what may be shown, and nothing that it could be made with.
func TestSaved_KeepsNoNumber(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.kept(t, challengeCard)
		rows, err := b.DB.Reader().Query(t.Context(),
			`SELECT token, merchant_id, scenario, terms, rehearsal FROM sim_credential`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			var token, merchant, scenario, terms, rehearsal string
			if err := rows.Scan(&token, &merchant, &scenario, &terms, &rehearsal); err != nil {
				t.Fatal(err)
			}
			n++
			want := `{"card":{"brand":"visa","last4":"3155","exp_month":12,"exp_year":2030}}`
			if scenario != "3ds_challenge" || terms != want || rehearsal != "" {
				t.Errorf("kept %q, %s, %q", scenario, terms, rehearsal)
			}
			if strings.Contains(token+merchant+terms, challengeCard[:12]) {
				t.Errorf("the number is kept: %s %s", token, terms)
			}
		}
		if rows.Err() != nil || n != 1 {
			t.Errorf("%d rows, %v", n, rows.Err())
		}
	})
}

func TestSaved_BadDays(t *testing.T) {
	b := sqlite(t)
	token := b.kept(t, okCard)
	b.behave(t, pay.Behaviour{Down: true})
	if err := b.Forget(t.Context(), b.Ref("").Scope, token); err == nil {
		t.Error("a network that is down forgets")
	}
	b.behave(t, pay.Behaviour{})
	if _, out := b.charge(t, token, true); out.Kind != pay.OutcomePaid {
		t.Errorf("not forgotten: %+v", out)
	}
	b.behave(t, pay.Behaviour{LoseReplies: true})
	if err := b.Forget(t.Context(), b.Ref("").Scope, token); err == nil {
		t.Error("the reply came")
	}
	b.behave(t, pay.Behaviour{})
	if _, out := b.charge(t, token, true); out.Decline != pay.DeclineSavedMethod {
		t.Errorf("forgotten: %+v", out)
	}
}
