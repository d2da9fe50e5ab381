package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/server"
)

// settle has every story come to its end, and lets time pass until nothing is left to happen.
func (m *market) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), theEnd)
	defer cancel()
	clocks, stop := context.WithCancel(ctx)
	var clock sync.WaitGroup
	clock.Go(func() { m.passTime(clocks, 10, 60*60) })
	cut := m.open
	m.open = nil
	together(cut, func(s *story) { m.tell(ctx, s) })
	stop()
	clock.Wait()
	for _, s := range m.open {
		m.t.Errorf("%s does not come to its end: %d answers, the last is %v", s.key,
			len(s.answers), s.answers[max(0, len(s.answers)-1):])
	}
	if len(m.open) > 0 {
		return
	}
	m.repeat(ctx)
	m.runOut(ctx)
}

// together does something for each of many, some at once.
func together[T any](all []T, do func(T)) {
	work := make(chan T)
	var hands sync.WaitGroup
	for range 2 * buyers {
		hands.Go(func() {
			for one := range work {
				do(one)
			}
		})
	}
	for _, one := range all {
		work <- one
	}
	close(work)
	hands.Wait()
}

// repeat asks for everything again that was acknowledged: it must still be true.
func (m *market) repeat(ctx context.Context) {
	var all []answered
	for _, s := range m.stories {
		for _, a := range s.answers {
			if a.key != "" && a.status < http.StatusMultipleChoices {
				all = append(all, a)
			}
		}
	}
	together(all, func(a answered) {
		status, body, err := m.send(ctx, http.MethodPost, a.request)
		switch {
		case err != nil || status != a.status:
			m.t.Errorf("%s was answered %d, a repeat %d %s, %v", a.path, a.status, status, body, err)
		case !a.live && body != a.body:
			m.t.Errorf("%s was answered\n%s\na repeat\n%s", a.path, a.body, body)
		case a.live:
			a.compare(m.t, body)
		}
	})
	m.t.Logf("%d answers are still true", len(all))
}

// compare holds what was said of a payment, refund or instrument against what is said of it now: it
// is the same one, and what was final has not changed.
func (a *answered) compare(t *testing.T, now string) {
	type said struct{ ID, PaymentID, InstrumentID, RefundID, Status string }
	var then, later said
	if err := json.Unmarshal([]byte(a.body), &then); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal([]byte(now), &later); err != nil {
		t.Error(err)
	}
	if !slices.Contains([]string{
		"succeeded", "failed", "canceled", "Completed", "Rejected", "Cancelled",
	}, then.Status) {
		then.Status = later.Status
	}
	if then != later {
		t.Errorf("%s was answered\n%s\nand is now\n%s", a.path, a.body, now)
	}
}

// leftOver counts what is still to happen.
const leftOver = `SELECT
	(SELECT count(*) FROM session WHERE state IN ('open', 'paying')) +
	(SELECT count(*) FROM payment WHERE state IN ('created', 'action', 'waiting', 'authorised')) +
	(SELECT count(*) FROM refund WHERE state = 'pending') +
	(SELECT count(*) FROM mandate WHERE try_at IS NOT NULL) +
	(SELECT count(*) FROM event WHERE fanned_out = FALSE) +
	(SELECT count(*) FROM delivery WHERE state = 'pending')`

// runOut lets days pass, until what nobody paid has run out, what was agreed to was charged, and
// all of it was told. Some days later the agreements are over that end by their own terms alone,
// because we died before we could withdraw them.
func (m *market) runOut(ctx context.Context) {
	const calm = 3
	db := m.v.watch
	if db == nil {
		db = m.v.open()
		defer db.Close()
	}
	left, days := int64(-1), 0
	for ; days < calm && ctx.Err() == nil; time.Sleep(2 * tick) {
		m.advance(ctx, server.DemoMerchant, 25*60*60)
		m.advance(ctx, club, 12*60*60)
		var err error
		if left, err = count(db, leftOver); err != nil {
			m.t.Fatal(err)
		}
		if days++; left != 0 {
			days = 0
		}
	}
	if days < calm {
		m.t.Errorf("%d things do not come to their end", left)
	}
}

// judge compares the networks' books, ours and what the receiver got.
func judge(t *testing.T, v *victim, m *market) {
	core := v.core()
	defer core.Close()
	ctx := context.Background()
	books := paytest.Books{Pay: core.Pay, Store: core.Store, Networks: []*simnet.Network{
		core.Card.Network, core.Momo.Network, core.Bank.Network, core.PayTo.Network,
	}}
	for _, merchant := range []string{server.DemoMerchant, club} {
		found, err := books.Violations(ctx, pay.Scope{MerchantID: merchant, Mode: pay.Test})
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range found {
			t.Errorf("%s: %s", merchant, what)
		}
	}
	for _, what := range contradictions {
		objects, err := texts(core, what.sql)
		if err != nil {
			t.Fatalf("%s: %v", what.is, err)
		}
		for _, id := range objects {
			t.Errorf("%s: %s", id, what.is)
		}
	}
	agreements(t, core)
	m.read(t, core)
	for refusal, n := range m.refusals {
		_, code, _ := strings.Cut(refusal, " ")
		if !slices.Contains(truths, code) && !slices.Contains(truths, refusal) {
			t.Errorf("%d × %s", n, refusal)
		}
	}
}

// truths are refusals that are true, of any story or of a kind: the payer's answer has come before,
// the time was over, or the payment was, before its network heard of it, or the instrument was
// cancelled.
var truths = []string{
	"409 prompt_closed", "409 amendment_answered", "409 session_expired", "409 " + unheard,
	"409 " + unasked, "409 instrument_cancelled", "phone 404 resource_missing",
	"saved 409 session_canceled",
}

func texts(core *server.Core, sql string) (all []string, err error) {
	rows, err := core.DB.Reader().Query(context.Background(), sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// known are the agreements that the network has written down, with the mandates that we have on
// them.
const known = `SELECT a.merchant_id, a.token, COALESCE(m.id, ''), COALESCE(m.state, '')
	FROM sim_agreement a LEFT JOIN method ON method.token = a.token AND method.type = 'payto'
	LEFT JOIN mandate m ON m.method_id = method.id`

// agreements asks the network for each of them: it stands where our mandate stands, and what no
// mandate of ours stands on is over.
func agreements(t *testing.T, core *server.Core) {
	ctx := context.Background()
	rows, err := core.DB.Reader().Query(ctx, known)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var merchant, token, mandate, state string
		if err := rows.Scan(&merchant, &token, &mandate, &state); err != nil {
			t.Fatal(err)
		}
		sc := pay.Scope{MerchantID: merchant, Mode: pay.Test}
		c, err := core.Pay.CallerFor(ctx, sc)
		if err != nil {
			t.Fatal(err)
		}
		a, err := core.PayTo.Agreement(ctx, pay.AgreementRef{
			Scope: sc, Token: token, Now: core.Pay.Now(c),
		})
		if err != nil {
			t.Fatal(err)
		}
		if active := a.State == pay.AgreementActive; active != (state == "active") ||
			a.State == pay.AgreementPending {
			t.Errorf("agreement %s is %s, our mandate %q is %q", token, a.State, mandate, state)
		}
		if state == "active" {
			m, err := core.Pay.Mandate(ctx, c, mandate)
			if err != nil || !reflect.DeepEqual(m.Terms, a.Terms) {
				t.Errorf("mandate %s permits %+v, its agreement %+v, %v", m.ID, m.Terms, a.Terms, err)
			}
		}
		if seen[token] {
			t.Errorf("agreement %s has two mandates", token)
		}
		seen[token] = true
	}
	if rows.Err() != nil {
		t.Error(rows.Err())
	}
	t.Logf("%d agreements", len(seen))
}

// contradictions are statements that find objects of which two sides do not say the same.
var contradictions = []struct{ is, sql string }{
	{"an agreement at the network that no payment of ours knows", `SELECT token FROM sim_agreement a
		WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = a.payment_id
			AND p.agreement = a.token)`},
	{"a payment with an agreement that the network does not know", `SELECT id FROM payment p
		WHERE agreement IS NOT NULL AND method = 'payto' AND NOT EXISTS (
			SELECT 1 FROM sim_agreement a WHERE a.token = p.agreement)`},
	{"a mandate that counts other payments than its agreement", `SELECT m.id FROM mandate m
		JOIN method ON method.id = m.method_id AND method.type = 'payto'
		LEFT JOIN sim_agreement a ON a.token = method.token
		WHERE a.token IS NULL OR m.used_count <> a.count OR m.used_total <> a.total`},
	{"an agreement to more than one payment without its one mandate", `SELECT a.token
		FROM sim_agreement a JOIN payment p ON p.id = a.payment_id
		JOIN session s ON s.id = p.session_id AND s.series = 'first'
		WHERE a.active_at IS NOT NULL AND (SELECT count(*) FROM mandate m
			WHERE m.session_id = s.id) <> 1`},
	{"a payment that the network was told of twice", `SELECT payment_id FROM sim_incident`},
	{"a payment that is not over", `SELECT id FROM payment
		WHERE state NOT IN ('paid', 'failed', 'canceled')`},
	{"a payment whose money came after it was given up", `SELECT id FROM payment
		WHERE late_at IS NOT NULL`},
	{"a transfer that brought what its payer did not send", `SELECT id FROM payment
		WHERE method = 'bank_transfer' AND received NOT IN (0, 3000, 7000) AND received % 5000 <> 0`},
	{"a transfer that was settled otherwise than asked for", `SELECT id FROM payment
		WHERE method = 'bank_transfer' AND (state = 'paid' AND captured - refunded NOT IN (5000, 7000)
			OR state = 'canceled' AND refunded <> captured)`},
	{"a refund that its network does not know", `SELECT id FROM refund r WHERE NOT EXISTS (
		SELECT 1 FROM sim_refund s WHERE s.refund_id = r.id AND s.amount = r.amount)`},
	{"a refund that nobody asked for", `SELECT refund_id FROM sim_refund s WHERE NOT EXISTS (
		SELECT 1 FROM refund r WHERE r.id = s.refund_id)`},
	{"a delivery that did not arrive", `SELECT id FROM delivery WHERE state <> 'succeeded'`},
	{"a schedule that is not over", `SELECT id FROM mandate WHERE schedule IS NOT NULL
		AND NOT (state = 'completed' AND used_count = 3 OR state = 'paused' AND used_count = 0)`},
	{"a schedule whose charges are not three debits", `SELECT m.id FROM mandate m
		WHERE schedule IS NOT NULL AND m.used_count <> (SELECT count(*) FROM sim_entry e
			JOIN payment p ON p.id = e.payment_id
			WHERE p.mandate_id = m.id AND e.kind = 'debit')`},
	{"a request that still runs", `SELECT key FROM idempotency WHERE status IS NULL`},
}

// finals are the events after which there is no other for an object, by the receiver.
var finals = map[string][]string{
	"/native": {
		"checkout.session.completed", "checkout.session.expired", "payment.succeeded",
		"payment.failed", "payment.canceled", "payment.voided", "payment.late", "refund.succeeded",
		"refund.failed", "mandate.canceled", "mandate.expired", "mandate.completed",
		"payment_method.detached",
	},
	"/collect": {
		"payment_session.completed", "payment.succeeded", "payment.failed", "refund.succeeded",
		"refund.failed", "mandate.cancelled",
	},
	"/wpay": {
		"Payment.Completed", "Payment.Rejected", "Instrument.Cancelled", "Refund.Completed",
	},
}

// paidAgain are the payments that are over twice: their payer has sent all of it once more.
const paidAgain = `SELECT id FROM payment WHERE received >= 10000`

// read counts what the receiver has got: one final event for each object that is over, and nothing
// that we do not know of.
func (m *market) read(t *testing.T, core *server.Core) {
	last := map[string]int{}
	repeats := 0
	for id, e := range m.inbox {
		repeats += e.times - 1
		path, _, _ := strings.Cut(id, " ")
		name, object := e.about()
		delete(m.expected, path+" "+name+" "+object)
		if slices.Contains(finals[path], name) {
			kind, _, _ := strings.Cut(name, ".")
			last[path+" "+kind+" "+object]++
		}
	}
	again, err := texts(core, paidAgain)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range again {
		last["/native payment "+id]--
	}
	for event := range m.expected {
		t.Errorf("%s: nobody was told", event)
	}
	for object, n := range last {
		if n != 1 {
			t.Errorf("%s has %d final events", object, n)
		}
	}
	for kind, sql := range map[string]string{
		"checkout": `SELECT id FROM session WHERE series <> 'next'`,
		"payment":  `SELECT id FROM payment`,
		"refund":   `SELECT id FROM refund`,
		"mandate":  `SELECT id FROM mandate WHERE state NOT IN ('active', 'paused')`,
	} {
		objects, err := texts(core, sql)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range objects {
			if last["/native "+kind+" "+id] != 1 {
				t.Errorf("%s %s is over and nobody was told", kind, id)
			}
		}
		t.Logf("%d × %s", len(objects), kind)
	}
	sent, err := texts(core, `SELECT event_id FROM delivery`)
	if err != nil {
		t.Fatal(err)
	}
	if len(sent) != len(m.inbox) {
		t.Errorf("%d webhooks were sent, %d came", len(sent), len(m.inbox))
	}
	t.Logf("%d webhooks, %d of them repeated", len(m.inbox), repeats)
}

// about says the name of an event and the object that it is about, in whatever protocol.
func (e *mail) about() (name, object string) {
	var native struct {
		Type string
		Data struct {
			ID     string
			Object json.RawMessage
		}
		EventType string
		Payload   struct{ PaymentID, InstrumentID, RefundID string }
	}
	_ = json.Unmarshal([]byte(e.body), &native)
	var o struct{ ID string }
	_ = json.Unmarshal(native.Data.Object, &o)
	switch p := native.Payload; {
	case native.EventType != "":
		kind, _, _ := strings.Cut(native.EventType, ".")
		return native.EventType, map[string]string{
			"Payment": p.PaymentID, "Instrument": p.InstrumentID, "Refund": p.RefundID,
		}[kind]
	case native.Data.ID != "":
		return native.Type, native.Data.ID
	}
	return native.Type, fmt.Sprint(o.ID)
}
