package pay_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// keyOf takes the key out of a mandate's address.
func keyOf(t *testing.T, w *paytest.World, id string) string {
	t.Helper()
	at, err := url.Parse(w.Pay.MandateURL(id))
	if err != nil || at.Path != "/mandates/"+id {
		t.Fatalf("%s, %v", at, err)
	}
	return at.Query().Get("key")
}

func TestMandatePage_ShowsWhatWasAgreedAndCharged(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	live(w, 12)
	v, err := w.Pay.MandatePage(t.Context(), m.ID, keyOf(t, w, m.ID))
	if err != nil {
		t.Fatal(err)
	}
	if v.Mandate.Consent == "" || v.Method.ID != m.MethodID || v.Merchant.Name != "shop" ||
		len(v.Charges) != 10 || !v.Charges[0].Occurrence.After(v.Charges[9].Occurrence) ||
		!v.Mandate.NextAt.After(v.Now) {
		t.Errorf("page %+v", v)
	}
}

func TestMandatePage_OpensWithItsOwnKeyAlone(t *testing.T) {
	w := paytest.New(t)
	m, other := w.Agree(ok, terms.Terms{}), w.Agree("5555555555554444", terms.Terms{})
	for what, at := range map[string][2]string{
		"no key":              {m.ID, ""},
		"another's key":       {m.ID, keyOf(t, w, other.ID)},
		"the session's key":   {m.ID, w.Pay.PageKey(m.SessionID)},
		"a page key":          {m.ID, w.Pay.PageKey(m.ID)},
		"an unknown mandate":  {"mdt_" + strings.Repeat("0", 26), keyOf(t, w, m.ID)},
		"no mandate's id":     {"x", ""},
		"a mandate's own key": {m.SessionID, keyOf(t, w, m.ID)},
	} {
		if _, err := w.Pay.MandatePage(t.Context(), at[0], at[1]); !pay.IsKind(err, pay.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
		_, err := w.Pay.CancelMandateAsPayer(t.Context(), at[0], at[1])
		if !pay.IsKind(err, pay.NotFound) {
			t.Errorf("%s canceled: %v", what, err)
		}
	}
}

func TestMandatePage_ThePayerEndsIt(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	key := keyOf(t, w, m.ID)
	got, err := w.Pay.CancelMandateAsPayer(t.Context(), m.ID, key)
	if err != nil || got.State != pay.MandateCanceled || got.Reason != pay.ByPayer {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := w.Pay.CancelMandateAsPayer(t.Context(), m.ID, key); !pay.IsKind(err, pay.State) {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := w.TryCharge(m.ID, 100); code(err) != "mandate_not_active" {
		t.Errorf("charged: %v", err)
	}
	live(w, 2)
	if n, _ := w.Debits(m.ID); n != 0 {
		t.Errorf("%d debits", n)
	}
	if v, err := w.Pay.MandatePage(t.Context(), m.ID, key); err != nil ||
		v.Mandate.State != pay.MandateCanceled {
		t.Errorf("the page of an ended mandate: %v", err)
	}
}

func TestMandate_IsItsMerchantsAlone(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	m := w.Agree(ok, terms.Terms{})
	for what, err := range map[string]error{
		"read":   second(w.Pay.Mandate(ctx, w.Rival, m.ID)),
		"cancel": third(w.Pay.CancelMandate(ctx, w.Rival, nil, m.ID)),
		"pause":  third(w.Pay.PauseMandate(ctx, w.Rival, nil, m.ID)),
		"resume": third(w.Pay.ResumeMandate(ctx, w.Rival, nil, m.ID)),
	} {
		if !pay.IsKind(err, pay.NotFound) {
			t.Errorf("the rival's %s: %v", what, err)
		}
	}
	all, more, err := w.Pay.Mandates(ctx, w.Rival, pay.MandateFilter{})
	if err != nil || more || len(all) != 0 {
		t.Errorf("the rival lists %v, %v", all, err)
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestMandate_OneKeyOneCommand(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{})
	pause := func() (string, error) {
		o := once("pause-1", "pause", func(m pay.Mandate) string { return m.State.String() })
		_, reply, err := w.Pay.PauseMandate(t.Context(), w.Shop, o, m.ID)
		return string(reply.Body), err
	}
	for range 2 {
		if state, err := pause(); err != nil || state != "paused" {
			t.Errorf("%q, %v", state, err)
		}
	}
}

func TestMandate_APausedOneEndsOnItsLastDay(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{End: day(10, 20)}, paytest.Scheduled(daily(100, day(10, 3))))
	live(w, 2)
	if _, _, err := w.Pay.PauseMandate(t.Context(), w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	live(w, 20)
	if got := w.Mandate(m.ID); got.State != pay.MandateExpired || got.Count != 2 {
		t.Errorf("mandate is %s, %d", got.State, got.Count)
	}
}

// TestMandate_CanceledWhileATryIsInFlight: the try is brought to its end, its slot is given back,
// and nothing is planned.
func TestMandate_CanceledWhileATryIsInFlight(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{MaxCount: 5}, paytest.Scheduled(daily(100, day(10, 3))))
	w.Rehearse(m.MethodID, pay.RehearseLate)
	w.Advance(150 * time.Minute)
	if got := w.Charges(m.ID); len(got) != 1 || !got[0].State.InFlight() {
		t.Fatalf("charges %+v", got)
	}
	if _, _, err := w.Pay.CancelMandate(t.Context(), w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	live(w, 3)
	got := w.Mandate(m.ID)
	if n, _ := w.Debits(m.ID); n != 1 || got.State != pay.MandateCanceled || got.Count != 1 {
		t.Errorf("%d debits, mandate is %s, counts %d", n, got.State, got.Count)
	}
}

// plantedInSeries are inconsistencies of saved methods, mandates and their charges.
var plantedInSeries = map[string]string{
	"a charge nobody made":     `UPDATE mandate SET used_count = used_count + 1`,
	"a sum nobody charged":     `UPDATE mandate SET used_total = used_total + 1`,
	"a window that grew":       `UPDATE mandate_window SET used_count = used_count + 1`,
	"a window that is gone":    `DELETE FROM mandate_window`,
	"a window's other sum":     `UPDATE mandate_window SET used_amount = used_amount - 1`,
	"a mandate called paused":  `UPDATE mandate SET state = 'paused', next_at = NULL, try_at = NULL`,
	"a plan of an ended one":   `UPDATE mandate SET state = 'canceled', try_at = 1`,
	"another's mandate":        `UPDATE mandate SET customer_id = 'cus_x'`,
	"a method called detached": `UPDATE method SET state = 'detached'`,
	"another's method":         `UPDATE method SET customer_id = 'cus_x'`,
	"a mandate of nothing":     `UPDATE session SET mandate_id = 'mdt_x' WHERE series = 'next'`,
	"a charge of nothing":      `UPDATE session SET mandate_id = NULL WHERE series = 'next'`,
	"a decline forgotten": `UPDATE session SET last_decline = ''
		WHERE series = 'next' AND last_decline <> ''`,
	"a decline made up": `UPDATE session SET last_decline = 'card_declined'
		WHERE series = 'next' AND last_decline = ''`,
	"a mandate nobody told of": `DELETE FROM event WHERE type = 'mandate.active'`,
	"a method nobody told of":  `DELETE FROM event WHERE type = 'method.active'`,
	"a failure that took a slot": `UPDATE payment SET state = 'review'
		WHERE state = 'failed' AND mandate_id IS NOT NULL`,
}

func TestAudit_FindsWhatWasPlantedInASeries(t *testing.T) {
	for what, statement := range plantedInSeries {
		t.Run(strings.ReplaceAll(what, " ", "_"), func(t *testing.T) {
			o := paytest.Options{Broken: true}
			if strings.HasPrefix(what, "a window") {
				o.URL = pgtest.URL(t)
			}
			w := paytest.Open(t, o)
			m := w.Agree(ok, terms.Terms{
				MaxCount: 9, Period: &terms.Period{Unit: terms.Month, MaxCount: 5},
			})
			w.Charge(m.ID, 100)
			for range 2 {
				if _, err := tryNext(w, m.ID, 100); err != nil {
					t.Fatal(err)
				}
				w.Rehearse(m.MethodID, pay.Rehearsal(pay.DeclineGeneric))
			}
			if clean := auditOf(t, w); clean.Mandates != 1 {
				t.Fatalf("before anything was planted: %+v", clean)
			}
			isFound(t, w, statement)
		})
	}
}

// TestMandate_UsedUpDuringAPause: the last charge comes to its end while the mandate is paused.
func TestMandate_UsedUpDuringAPause(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{MaxCount: 1})
	w.Rehearse(m.MethodID, pay.RehearseLate)
	w.Charge(m.ID, 100)
	if _, _, err := w.Pay.PauseMandate(t.Context(), w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	live(w, 1)
	if got := w.Mandate(m.ID); got.State != pay.MandatePaused || got.Count != 1 {
		t.Errorf("mandate is %s", got.State)
	}
	got, _, err := w.Pay.ResumeMandate(t.Context(), w.Shop, nil, m.ID)
	if err != nil || got.State != pay.MandateCompleted {
		t.Errorf("mandate is %s, %v", got.State, err)
	}
}
