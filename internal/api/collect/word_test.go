package collect

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

var epoch = time.Date(2026, 5, 20, 9, 0, 0, 0, time.UTC)

// addresses are pages that tell what they were asked for.
type addresses struct{}

func (addresses) PageURL(id string) string                  { return "page:" + id }
func (addresses) MandateURL(id string) string               { return "mandate:" + id }
func (addresses) ClientToken(id string, _ time.Time) string { return "token:" + id }

func TestOutcome_OfEverySession(t *testing.T) {
	type row struct {
		series  pay.Series
		capture pay.CaptureMode
		amount  int64
		decline pay.DeclineCode
	}
	plain := row{amount: 5}
	failed := row{amount: 5, decline: pay.DeclineGeneric}
	next := row{series: pay.SeriesNext, amount: 5}
	for _, c := range []struct {
		state  pay.SessionState
		row    row
		status string
		want   string
		older  string
	}{
		{pay.SessionOpen, plain, "active", "not_started", "unpaid"},
		{pay.SessionOpen, failed, "active", "unpaid", "unpaid"},
		{pay.SessionPaying, plain, "active", "pending", "pending"},
		{pay.SessionPaying, next, "active", "pending", "pending"},
		{pay.SessionComplete, plain, "completed", "paid", "paid"},
		{pay.SessionComplete, next, "completed", "paid", "paid"},
		{pay.SessionComplete, row{series: pay.SeriesNext, amount: 5, decline: pay.DeclineLostCard},
			"completed", "unpaid", "unpaid"},
		{pay.SessionComplete, row{series: pay.SeriesFirst}, "completed", "payment_method_verified",
			"paid"},
		{pay.SessionComplete, row{}, "completed", "payment_method_verified", "paid"},
		{pay.SessionComplete, row{amount: 5, capture: pay.CaptureManual}, "completed", "reserved",
			"paid"},
		{pay.SessionComplete, row{series: pay.SeriesNext, amount: 5, capture: pay.CaptureManual},
			"completed", "reserved", "paid"},
		{pay.SessionExpired, plain, "expired", "unpaid", "unpaid"},
		{pay.SessionExpired, failed, "expired", "unpaid", "unpaid"},
		{pay.SessionCanceled, plain, "cancelled", "unpaid", "unpaid"},
	} {
		s := pay.Session{
			ID: "ps_1", State: c.state, Series: c.row.series, Capture: c.row.capture,
			Amount: money.Amount{Minor: c.row.amount, Currency: "GHS"}, PaymentID: "pay_1",
			LastDecline: c.row.decline, ExpiresAt: epoch.Add(time.Hour),
		}
		doc := encoder{addresses{}}.session(&s, epoch)
		if doc.Status != c.status || doc.PaymentOutcome != c.want || doc.PaymentStatus != c.older {
			t.Errorf("%s %+v: %s, %s, %s", c.state, c.row, doc.Status, doc.PaymentOutcome,
				doc.PaymentStatus)
		}
		told := c.row.series == pay.SeriesNext || c.want == "paid" || c.want == "reserved"
		if told != (doc.PaymentID != "") {
			t.Errorf("%s %+v: payment_id %q", c.state, c.row, doc.PaymentID)
		}
		if page := doc.SessionURL != ""; page != (c.row.series != pay.SeriesNext) {
			t.Errorf("%s %+v: session_url %q", c.state, c.row, doc.SessionURL)
		}
	}
}

// TestSession_IsExpiredBeforeTheWorkerComesBy: nobody is told that they can pay what they cannot.
func TestSession_IsExpiredBeforeTheWorkerComesBy(t *testing.T) {
	s := pay.Session{State: pay.SessionOpen, ExpiresAt: epoch, Amount: money.Amount{Minor: 1}}
	if doc := (encoder{addresses{}}).session(&s, epoch); doc.Status != "expired" ||
		doc.PaymentOutcome != "unpaid" {
		t.Errorf("%s, %s", doc.Status, doc.PaymentOutcome)
	}
}

func TestWords_OfEveryState(t *testing.T) {
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is called %q, want %q", what, got, want)
		}
	}
	payments := map[pay.PaymentState]string{
		pay.PaymentCreated: "initiating", pay.PaymentAction: "pending_action",
		pay.PaymentWaiting: "processing", pay.PaymentAuthorised: "succeeded",
		pay.PaymentPaid: "succeeded", pay.PaymentFailed: "failed",
		pay.PaymentCanceled: "cancelled", pay.PaymentReview: "processing",
		pay.PaymentLate: "expired", pay.PaymentUnderpaid: "pending_action",
		pay.PaymentOverpaid: "processing",
	}
	for s := pay.PaymentCreated; s <= pay.PaymentOverpaid; s++ {
		check(s.String(), paymentWord(s), payments[s])
		if !slices.Contains(paymentWords[payments[s]], s) {
			t.Errorf("a list of %s payments lacks those that are %s", payments[s], s)
		}
	}
	for s, want := range map[pay.RefundState]string{
		pay.RefundPending: "pending", pay.RefundSucceeded: "succeeded", pay.RefundFailed: "failed",
	} {
		check("a refund", refundOf(&pay.Refund{State: s}).(*refundDoc).Status, want)
	}
	for s, want := range map[pay.MethodState]string{
		pay.MethodActive: "active", pay.MethodDetached: "detached",
	} {
		check("a method", methodOf(&pay.SavedMethod{State: s}).(*methodDoc).Status, want)
	}
	for s := pay.MandateActive; s <= pay.MandateCompleted; s++ {
		want := strings.Replace(s.String(), "canceled", "cancelled", 1)
		check(s.String(), mandateWord(s), want)
		if !slices.Contains(mandateWords[want], s) {
			t.Errorf("a list cannot be narrowed to %s", want)
		}
	}
	for s := pay.SessionOpen; s <= pay.SessionCanceled; s++ {
		if word := sessionStatus(s); !slices.Contains(sessionWords[word], s) {
			t.Errorf("a list of %s sessions lacks those that are %s", word, s)
		}
	}
}

func TestDeclines_AreAllSaid(t *testing.T) {
	for _, code := range pay.DeclineCodes() {
		d, ok := declines[code]
		if !ok || d.code == "" || d.reason == "" || d.message == "" {
			t.Errorf("%s is not said: %+v", code, d)
		}
	}
	if n := len(pay.DeclineCodes()); len(declines) != n {
		t.Errorf("%d are said, there are %d", len(declines), n)
	}
	if e := paymentErrorOf("new", epoch); e.DeclineCode != "generic_decline" {
		t.Errorf("an unknown one is said as %+v", e)
	}
}

func TestErrors_EveryStatusHasAName(t *testing.T) {
	for code, status := range statuses.Codes {
		if p := wire.NewProblem("", status); p.Title == "" {
			t.Errorf("%s is answered with %d, which has no name", code, status)
		}
	}
}

// TestErrors_OfOursSayNothing holds that a defect is told without its cause.
func TestErrors_OfOursSayNothing(t *testing.T) {
	r := httptest.NewRequest("GET", "/collect/payments?secret=1", nil)
	w := httptest.NewRecorder()
	problems{base: "https://pay.test"}.write(w, r, pay.AsError(errors.New("no such table")))
	const want = `{"type":"https://pay.test/docs/errors#internal-server-error",` +
		`"title":"Something went wrong on our side","status":500,` +
		`"detail":"Nothing was lost. Ask again, with the same idempotency key.",` +
		`"instance":"/collect/payments"}`
	if w.Code != http.StatusInternalServerError || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	problems{}.write(w, r, pay.Errorf(pay.Unavailable, "storage_low", "Later."))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestReturnURL_GetsTheSession(t *testing.T) {
	const id = "session_id={CHECKOUT_SESSION_ID}"
	for raw, want := range map[string]string{
		"":                                     "",
		"https://a.test":                       "https://a.test?" + id,
		"https://a.test/x#top":                 "https://a.test/x?" + id + "#top",
		"https://a.test/?a=1&b=2":              "https://a.test/?a=1&b=2&" + id,
		"https://a.test/?session_id=":          "https://a.test/?session_id=",
		"https://a.test/{CHECKOUT_SESSION_ID}": "https://a.test/{CHECKOUT_SESSION_ID}",
	} {
		if got := withSessionID(raw); got != want {
			t.Errorf("%q becomes %q, want %q", raw, got, want)
		}
	}
}

// eventOf is a core event about the object.
func eventOf(t *testing.T, typ string, kind pay.ObjectKind, object any) *pay.Event {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return &pay.Event{
		ID: "evt_1", Type: typ, Kind: kind, Data: data, Sequence: 2, CreatedAt: epoch,
		Family: Family,
	}
}

func names(t *testing.T, ev *pay.Event) string {
	t.Helper()
	var out []string
	for _, l := range Encoder(addresses{})(*ev, 1) {
		var doc struct {
			ID, Type string
			Data     map[string]any
		}
		if err := json.Unmarshal(l.Body, &doc); err != nil || doc.ID != l.ID || doc.Type != l.Name ||
			doc.Data["id"] == "" {
			t.Errorf("%s: %s (%v)", ev.Type, l.Body, err)
		}
		out = append(out, l.ID+" "+l.Name)
	}
	return strings.Join(out, ", ")
}

// TestEvents_EveryChangeHasItsName shows what each event of the core is called.
func TestEvents_EveryChangeHasItsName(t *testing.T) {
	ses := pay.Session{ID: "ps_1", ExpiresAt: epoch.Add(time.Hour)}
	begun := eventOf(t, "session.open", pay.ObjectSession, ses)
	begun.Sequence = 1
	held := pay.Payment{ID: "pay_1", SessionID: "ps_1", Authorised: 5}
	attempt := pay.Payment{ID: "pay_1", SessionID: "ps_1"}
	final := pay.Payment{ID: "pay_1", SessionID: "ps_1", Final: true}
	mandate := pay.Mandate{ID: "mdt_1"}
	of := func(typ string, kind pay.ObjectKind, object any) *pay.Event {
		return eventOf(t, typ, kind, object)
	}
	payment := func(state string, p pay.Payment) *pay.Event {
		return of("payment."+state, pay.ObjectPayment, p)
	}
	for _, c := range []struct {
		ev   *pay.Event
		want string
	}{
		{begun, "evt_1 payment_session.created"},
		{of("session.open", pay.ObjectSession, ses), "evt_1 payment_session.updated"},
		{of("session.paying", pay.ObjectSession, ses), ""},
		{of("session.complete", pay.ObjectSession, ses),
			"evt_1u payment_session.updated, evt_1 payment_session.completed"},
		{of("session.expired", pay.ObjectSession, ses), "evt_1 payment_session.updated"},
		{of("session.canceled", pay.ObjectSession, ses), "evt_1 payment_session.updated"},
		{payment("created", attempt), ""}, {payment("action", attempt), ""},
		{payment("waiting", attempt), ""}, {payment("review", attempt), ""},
		{payment("authorised", held), "evt_1 payment.succeeded"},
		{payment("paid", attempt), "evt_1 payment.succeeded"},
		{payment("paid", held), "evt_1 payment.captured"},
		{payment("captured", held), "evt_1 payment.captured"},
		{payment("voided", held), "evt_1 payment.voided"},
		{payment("canceled", held), "evt_1 payment.voided"},
		{payment("canceled", attempt), "evt_1 payment.attempt_failed"},
		{payment("canceled", final), "evt_1 payment.failed"},
		{payment("failed", attempt), "evt_1 payment.attempt_failed"},
		{payment("failed", final), "evt_1 payment.failed"},
		{payment("late", attempt), "evt_1 payment.late"},
		{payment("underpaid", attempt), "evt_1 payment.underpaid"},
		{payment("overpaid", attempt), "evt_1 payment.overpaid"},
		{of("refund.pending", pay.ObjectRefund, pay.Refund{ID: "re_1"}), "evt_1 refund.created"},
		{of("refund.succeeded", pay.ObjectRefund, pay.Refund{ID: "re_1"}), "evt_1 refund.succeeded"},
		{of("refund.failed", pay.ObjectRefund, pay.Refund{ID: "re_1"}), "evt_1 refund.failed"},
		{of("method.active", pay.ObjectMethod, pay.SavedMethod{ID: "pm_1"}),
			"evt_1 payment_method.attached"},
		{of("method.detached", pay.ObjectMethod, pay.SavedMethod{ID: "pm_1"}),
			"evt_1 payment_method.detached"},
		{of("mandate.active", pay.ObjectMandate, mandate), "evt_1 mandate.created"},
		{of("mandate.paused", pay.ObjectMandate, mandate), "evt_1 mandate.paused"},
		{of("mandate.resumed", pay.ObjectMandate, mandate), "evt_1 mandate.resumed"},
		{of("mandate.canceled", pay.ObjectMandate, mandate), "evt_1 mandate.cancelled"},
		{of("mandate.expired", pay.ObjectMandate, mandate), "evt_1 mandate.expired"},
		{of("mandate.completed", pay.ObjectMandate, mandate), "evt_1 mandate.completed"},
		{of("mandate.payment_failed", pay.ObjectMandate, mandate), "evt_1 mandate.payment_failed"},
		{of("mandate.charge_skipped", pay.ObjectMandate, mandate), "evt_1 mandate.charge_skipped"},
		{of("endpoint.disabled", pay.ObjectEndpoint, pay.Endpoint{ID: "we_1"}),
			"evt_1 webhook_endpoint.disabled"},
		{of("endpoint.test", pay.ObjectEndpoint, pay.Endpoint{ID: "we_1"}), ""},
	} {
		if got := names(t, c.ev); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.ev.Type, c.ev.Data, got, c.want)
		}
		if named := c.want != ""; named != Names(c.ev.Type) {
			t.Errorf("%s: Names is %v", c.ev.Type, Names(c.ev.Type))
		}
	}
	broken := payment("paid", attempt)
	broken.Data = []byte("{")
	if got := names(t, broken); got != "" {
		t.Errorf("what cannot be read is sent as %s", got)
	}
}

// TestPhone_IsMasked: receivers of events need not know it.
func TestPhone_IsMasked(t *testing.T) {
	d := paidWith{mobile: &pay.Mobile{Phone: "0241234567", Provider: "mtn"}}.details()
	if d.Type != "mtn_momo" || d.MTN.Phone != "024****567" {
		t.Errorf("%+v", d.MTN)
	}
	d = paidWith{mobile: &pay.Mobile{Phone: "0201234567", Provider: "telecel"}}.details()
	if d.Type != "mobile_money" || d.MobileMoney.Provider != "telecel" {
		t.Errorf("%+v", d)
	}
}
