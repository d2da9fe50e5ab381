package simnet

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// ways are all ways in which a payer is asked.
func ways() []Asks {
	out := []Asks{{}}
	for _, a := range []pay.ActionKind{pay.ActionRedirect, pay.ActionApprove, pay.ActionCode} {
		ask := Asks{Action: a, TTL: 2 * time.Minute}
		late, lost := ask, ask
		late.Anyway, lost.Lost = 3*time.Minute, true
		out = append(out, ask, late, lost)
	}
	return out
}

// records are payments of every scenario in every state that a payer can bring them to.
func records() (out []Record) {
	for _, asks := range ways() {
		for _, after := range []time.Duration{0, LateAfter, StuckAfter} {
			for _, decline := range []pay.DeclineCode{"", pay.DeclineGeneric} {
				for _, excess := range []int64{0, 1} {
					s := &Scenario{Asks: asks, After: after, Decline: decline, Excess: excess}
					out = append(out, answers(s)...)
				}
			}
		}
	}
	return out
}

func answers(s *Scenario) (out []Record) {
	for _, manual := range []bool{false, true} {
		r := Record{
			Scenario: s, StartedAt: start, AskedAt: start, Manual: manual,
			Amount: money.Amount{Minor: 100, Currency: "GHS"},
		}
		if manual && s.Asks.Anyway > 0 {
			continue // who can hold money does not take it late
		}
		out = append(out, r)
		if s.Asks.Action == "" {
			continue
		}
		for _, a := range []Answer{Approved, Rejected, Wrong} {
			r.Answer, r.AnsweredAt = a, start.Add(time.Minute)
			out = append(out, r)
		}
	}
	return out
}

// What a network says must agree with what it books and with when it tells of a change, at every
// moment of every scenario.
func TestStory_SaysWhatItBooks(t *testing.T) {
	story := Story{
		OnReject: pay.DeclineByPayer, OnTimeOut: pay.DeclinePromptExpired,
		OnWrong: map[pay.ActionKind]pay.DeclineCode{
			pay.ActionRedirect: pay.DeclineAuthentication, pay.ActionApprove: pay.DeclineWrongPIN,
			pay.ActionCode: pay.DeclineWrongCode,
		},
	}
	all := records()
	if len(all) < 300 {
		t.Fatalf("%d records", len(all))
	}
	for _, r := range all {
		agree(t, &story, &r)
	}
}

func agree(t *testing.T, story *Story, r *Record) {
	t.Helper()
	plan := story.Plan(r)
	from := r.StartedAt
	if r.Answer != NoAnswer {
		from = r.AnsweredAt
	}
	before := story.Outcome(r, from)
	for now := from; now.Before(start.Add(StuckAfter + time.Hour)); now = next(now, plan) {
		out := story.Outcome(r, now)
		booked := !plan.DebitAt.IsZero() && !now.Before(plan.DebitAt)
		if paid := out.Kind == pay.OutcomePaid; paid != booked {
			t.Errorf("%+v %s at %v: says kind %d, booked %v", *r.Scenario, r.Answer, now, out.Kind,
				booked)
		}
		if booked && out.Amount.Minor != plan.Debit {
			t.Errorf("%+v: says %v, books %d", *r.Scenario, out.Amount, plan.Debit)
		}
		if (out.Kind == pay.OutcomeDeclined) != (out.Decline != "") {
			t.Errorf("%+v %s at %v: %+v", *r.Scenario, r.Answer, now, out)
		}
		if out.Kind != before.Kind && !news(plan, now) {
			t.Errorf("%+v %s: kind %d becomes %d at %v untold", *r.Scenario, r.Answer, before.Kind,
				out.Kind, now)
		}
		before = out
	}
}

// next steps to shortly before a piece of news, to it, and on.
func next(now time.Time, p Plan) time.Time {
	later := now.Add(7 * time.Minute)
	for _, at := range p.News {
		for _, stop := range []time.Time{at.Add(-time.Microsecond), at} {
			if stop.After(now) && stop.Before(later) {
				later = stop
			}
		}
	}
	return later
}

func news(p Plan, now time.Time) bool {
	for _, at := range p.News {
		if at.Equal(now) {
			return true
		}
	}
	return false
}
