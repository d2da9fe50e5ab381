package checkout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

var at = time.Date(2026, 10, 3, 9, 30, 0, 123456000, time.UTC)

func pageURL(id string) string { return "https://pay.example/checkout/" + id + "?key=k" }

func manageURL(id string) string { return "https://pay.example/mandates/" + id + "?key=k" }

var enc = encoder{pageURL, manageURL}

// someSession is a session with every field set.
func someSession() pay.Session {
	return pay.Session{
		ID: "cs_01", MerchantID: "mer_01", Mode: pay.Test, Family: Family,
		State: pay.SessionOpen, Version: 1, Amount: money.Amount{Minor: 12550, Currency: "GHS"},
		Capture: pay.CaptureAutomatic, Methods: []string{"card"}, CustomerID: "cus_01",
		CustomerEmail: "ama@shop.example", CustomerPhone: "0205550142",
		SuccessURL: "https://shop.example/done?a=1&session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://shop.example/basket", Metadata: map[string]string{"order_id": "A-77"},
		PaymentID: "pay_01", ExpiresAt: at.Add(24 * time.Hour), CreatedAt: at, UpdatedAt: at,
	}
}

func TestSession_FullAndEmpty(t *testing.T) {
	full := someSession()
	full.State = pay.SessionComplete
	bare := pay.Session{
		ID: "cs_02", State: pay.SessionOpen, Amount: money.Amount{Minor: 1, Currency: "JPY"},
		SuccessURL: "https://a.example", CancelURL: "https://b.example",
		ExpiresAt: at.Add(time.Hour), CreatedAt: at,
	}
	for _, c := range []struct {
		ses  pay.Session
		want string
	}{
		{full, `{"id":"cs_01","object":"checkout.session","status":"complete",` +
			`"url":"https://pay.example/checkout/cs_01?key=k","amount":12550,"currency":"GHS",` +
			`"payment":"pay_01","payment_status":"paid","customer":"cus_01",` +
			`"customer_email":"ama@shop.example",` +
			`"success_url":"https://shop.example/done?a=1&session_id={CHECKOUT_SESSION_ID}",` +
			`"cancel_url":"https://shop.example/basket","metadata":{"order_id":"A-77"},` +
			`"expires_at":"2026-10-04T09:30:00Z","created_at":"2026-10-03T09:30:00Z"}`},
		{bare, `{"id":"cs_02","object":"checkout.session","status":"open",` +
			`"url":"https://pay.example/checkout/cs_02?key=k","amount":1,"currency":"JPY",` +
			`"payment":null,"payment_status":"unpaid","customer":null,"customer_email":null,` +
			`"success_url":"https://a.example","cancel_url":"https://b.example","metadata":{},` +
			`"expires_at":"2026-10-03T10:30:00Z","created_at":"2026-10-03T09:30:00Z"}`},
	} {
		got := string(enc.session(nil, &sessionView{Session: c.ses, now: at}))
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestSession_Words shows what every state of the core looks like to a merchant, before the
// deadline and after it.
func TestSession_Words(t *testing.T) {
	want := map[pay.SessionState][2]string{
		pay.SessionOpen:     {"open unpaid null", "expired unpaid null"},
		pay.SessionPaying:   {"open unpaid null", "open unpaid null"},
		pay.SessionComplete: {"complete paid pay_01", "complete paid pay_01"},
		pay.SessionExpired:  {"expired unpaid null", "expired unpaid null"},
		pay.SessionCanceled: {"expired unpaid null", "expired unpaid null"},
	}
	for s := pay.SessionOpen; s <= pay.SessionCanceled; s++ {
		for i, now := range []time.Time{at, at.Add(24 * time.Hour)} {
			ses := someSession()
			ses.State = s
			if got := sessionSummary(t, &sessionView{Session: ses, now: now}); got != want[s][i] {
				t.Errorf("%s: got %q, want %q", s, got, want[s][i])
			}
		}
	}
	ses := someSession()
	ses.State, ses.Capture = pay.SessionComplete, pay.CaptureManual
	got := sessionSummary(t, &sessionView{Session: ses, now: at, held: true})
	if got != "complete unpaid pay_01" {
		t.Errorf("held money: got %q", got)
	}
}

func sessionSummary(t *testing.T, v *sessionView) string {
	t.Helper()
	var doc struct {
		Status, Payment *string
		PaymentStatus   string `json:"payment_status"`
	}
	if err := json.Unmarshal(enc.session(nil, v), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Payment == nil {
		none := "null"
		doc.Payment = &none
	}
	return *doc.Status + " " + doc.PaymentStatus + " " + *doc.Payment
}

func TestPayment_EveryStateHasAWord(t *testing.T) {
	want := map[pay.PaymentState]string{
		pay.PaymentCreated: "pending", pay.PaymentAction: "pending", pay.PaymentWaiting: "pending",
		pay.PaymentAuthorised: "authorized", pay.PaymentPaid: "succeeded",
		pay.PaymentFailed: "failed", pay.PaymentCanceled: "canceled",
		pay.PaymentReview: "processing", pay.PaymentLate: "late",
		pay.PaymentUnderpaid: "underpaid", pay.PaymentOverpaid: "overpaid",
	}
	for s := pay.PaymentCreated; s <= pay.PaymentOverpaid; s++ {
		if got := paymentWord(s); got != want[s] || got == "" {
			t.Errorf("%s: got %q, want %q", s, got, want[s])
		}
		if !slices.Contains(paymentWords[paymentWord(s)], s) {
			t.Errorf("%s is not found by its own word", s)
		}
	}
	for s, word := range map[pay.RefundState]string{
		pay.RefundPending: "pending", pay.RefundSucceeded: "succeeded", pay.RefundFailed: "failed",
	} {
		got := string(appendRefund(nil, &pay.Refund{State: s}))
		if !strings.Contains(got, `"status":"`+word+`"`) {
			t.Errorf("refund %s: got %s", s, got)
		}
	}
}

func TestPayment_Document(t *testing.T) {
	p := pay.Payment{
		ID: "pay_01", State: pay.PaymentFailed, Amount: money.Amount{Minor: 500, Currency: "GHS"},
		Method: "card", DeclineCode: pay.DeclineStolenCard, CreatedAt: at, UpdatedAt: at,
		Card: &pay.CardSummary{Brand: "visa", Last4: "4242"}, RailReference: "ref",
	}
	want := `{"id":"pay_01","object":"payment","amount":500,"currency":"GHS","status":"failed",` +
		`"payment_method":"card","provider":null,"phone":null,"description":null,` +
		`"customer":null,"metadata":{},"created_at":"2026-10-03T09:30:00Z",` +
		`"updated_at":"2026-10-03T09:30:00Z","failure_code":"stolen_card",` +
		`"failure_message":"The card was declined.","amount_received":null,"transfer":null,` +
		noMandate
	if got := string(appendPayment(nil, &p)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// noMandate is the end of a payment that has nothing to do with one, and was never held.
const noMandate = `"amount_authorized":null,"amount_captured":null,"amount_voided":null,` +
	`"authorized_until":null,"saved_payment_method":null,"mandate":null,"off_session":false}`

func mobilePayment() pay.Payment {
	return pay.Payment{
		ID: "pay_01", State: pay.PaymentWaiting, Amount: money.Amount{Minor: 500, Currency: "GHS"},
		Method: pay.MethodMobile, Action: pay.ActionApprove, CreatedAt: at, UpdatedAt: at,
		Mobile: &pay.Mobile{Phone: "0241234567", Provider: "mtn"},
	}
}

func TestPayment_PhoneIsMaskedInEventsAlone(t *testing.T) {
	p := mobilePayment()
	api, event := string(appendPayment(nil, &p)), string(appendPaymentOfEvent(nil, &p))
	if !strings.Contains(api, `"provider":"mtn","phone":"0241234567"`) {
		t.Errorf("got %s", api)
	}
	if want := strings.Replace(api, "0241234567", "024****567", 1); event != want {
		t.Errorf("got %s", event)
	}
	if p.Mobile.Phone != "0241234567" {
		t.Error("masking changed the payment")
	}
}

func transferPayment() pay.Payment {
	return pay.Payment{
		ID: "pay_01", State: pay.PaymentWaiting, Amount: money.Amount{Minor: 500, Currency: "GHS"},
		Method: pay.MethodBank, Received: 200, CreatedAt: at, UpdatedAt: at,
		Transfer: &pay.Transfer{
			Bank: "Bank", AccountName: "Shop", AccountNumber: "0123", Reference: "KAS-1",
			ExpiresAt: at,
		},
	}
}

func TestPayment_Transfer(t *testing.T) {
	p := transferPayment()
	want := `"amount_received":200,"transfer":{"bank":"Bank","account_name":"Shop",` +
		`"account_number":"0123","reference":"KAS-1","expires_at":"2026-10-03T09:30:00Z"},` + noMandate
	if got := string(appendPayment(nil, &p)); !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
	p.Transfer, p.Received = nil, 0
	if got := string(appendPayment(nil, &p)); !strings.HasSuffix(got,
		`"amount_received":0,"transfer":null,`+noMandate) {
		t.Errorf("got %s", got)
	}
}

// TestNextAction shows what a payer has left to do in every state of every kind of payment.
func TestNextAction(t *testing.T) {
	redirect := pay.Payment{Method: pay.MethodCard, Action: pay.ActionRedirect, ActionURL: "u"}
	code := mobilePayment()
	code.Action = pay.ActionCode
	for _, c := range []struct {
		name    string
		payment pay.Payment
		want    map[pay.PaymentState]string
	}{
		{"redirect", redirect, map[pay.PaymentState]string{
			pay.PaymentAction: `{"type":"redirect","url":"u"}`,
		}},
		{"approve", mobilePayment(), map[pay.PaymentState]string{
			pay.PaymentWaiting: `{"type":"approve","url":null}`,
		}},
		{"code", code, map[pay.PaymentState]string{
			pay.PaymentAction: `{"type":"code","url":null}`,
		}},
		{"transfer", transferPayment(), map[pay.PaymentState]string{
			pay.PaymentWaiting:   `{"type":"transfer","url":null}`,
			pay.PaymentUnderpaid: `{"type":"transfer","url":null}`,
		}},
	} {
		for s := pay.PaymentCreated; s <= pay.PaymentOverpaid; s++ {
			p := c.payment
			if p.State = s; s != pay.PaymentAction && s != pay.PaymentWaiting {
				p.Action, p.ActionURL = "", "" // as the core leaves them
			}
			want := c.want[s]
			if want == "" && s != pay.PaymentAction && s != pay.PaymentWaiting {
				want = "null"
			}
			got := string(appendStarted(nil, &p))
			if want != "" && !strings.HasSuffix(got, `"next_action":`+want+"}") {
				t.Errorf("%s in state %s: %s", c.name, s, got)
			}
		}
	}
}

func TestDeclines_AllHaveAMessage(t *testing.T) {
	for _, code := range pay.DeclineCodes() {
		if declineMessages[code] == "" {
			t.Errorf("%s has no message", code)
		}
	}
	if len(declineMessages) != len(pay.DeclineCodes()) {
		t.Error("there are messages for codes that do not exist")
	}
	if got := declineMessage("something_new"); got != declineMessages[pay.DeclineGeneric] {
		t.Errorf("an unknown code says %q", got)
	}
}

func TestEndpoint_SecretOnlyWhenGiven(t *testing.T) {
	e := pay.Endpoint{
		ID: "we_01", URL: "https://shop.example/h", Enabled: true, Events: []string{"*"},
		Secret: []byte("sealed"), CreatedAt: at,
	}
	with := string(appendWithSecret(nil, &pay.EndpointSecret{Endpoint: e, Plain: "whsec_x"}))
	want := `{"id":"we_01","object":"webhook_endpoint","url":"https://shop.example/h",` +
		`"description":null,"status":"enabled","events":["*"],"secret":"whsec_x",` +
		`"created_at":"2026-10-03T09:30:00Z"}`
	if with != want {
		t.Errorf("got  %s\nwant %s", with, want)
	}
	e.Enabled, e.DisabledReason = false, "gone"
	without := string(appendKnown(nil, &e))
	if strings.Contains(without, "sec") || !strings.Contains(without, `"disabled_reason":"gone"`) {
		t.Errorf("got %s", without)
	}
}

func TestDelivery_NextAttemptOnlyWhilePending(t *testing.T) {
	d := pay.Delivery{
		ID: "wd_01", EndpointID: "we_01", EventID: "evt_01", Type: "payment.failed",
		State: pay.DeliveryPending, Attempts: 1, NextAttemptAt: at, CreatedAt: at, UpdatedAt: at,
		Log: []pay.DeliveryAttempt{
			{Number: 1, At: at, Duration: 1500 * time.Microsecond, Error: "timeout"},
			{Number: 2, At: at, Status: 200, Size: 3},
		},
	}
	want := `{"id":"wd_01","object":"webhook_delivery","endpoint":"we_01","event":"evt_01",` +
		`"event_type":"payment.failed","status":"pending","attempts":1,` +
		`"next_attempt_at":"2026-10-03T09:30:00Z","log":[{"number":1,` +
		`"at":"2026-10-03T09:30:00Z","status":null,"duration_ms":1,"size":0,"error":"timeout"},` +
		`{"number":2,"at":"2026-10-03T09:30:00Z","status":200,"duration_ms":0,"size":3,` +
		`"error":null}],"created_at":"2026-10-03T09:30:00Z","updated_at":"2026-10-03T09:30:00Z"}`
	if got := string(appendDelivery(nil, &d)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	d.State = pay.DeliverySucceeded
	if got := string(appendDelivery(nil, &d)); !strings.Contains(got, `"next_attempt_at":null`) {
		t.Errorf("got %s", got)
	}
}

func TestAppendString_IsJSON(t *testing.T) {
	for _, s := range []string{
		"", "plain", `"quoted" \ back`, "<a>&amp;", "tab\tnew\nline\x00\x1f\x7f", "Akɔsua ☕ 👍",
		"bad \xff\xfe utf", "\u2028", "\xe2\x82", strings.Repeat("é\"", 300),
	} {
		checkString(t, s)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"a\"b", "\xf0\x9f\x91", "\\u0000", "\x01é"} {
		f.Add(s)
	}
	f.Fuzz(checkString)
}

func checkString(t *testing.T, s string) {
	t.Helper()
	raw := appendString(nil, s)
	var got string
	if err := json.Unmarshal(raw, &got); err != nil || !utf8.Valid(raw) {
		t.Fatalf("%q became %s: %v", s, raw, err)
	}
	wire, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var want string
	if err := json.Unmarshal(wire, &want); err != nil || got != want {
		t.Fatalf("%q reads back as %q, not %q", s, got, want)
	}
}

func TestList_Envelope(t *testing.T) {
	got := string(list("/v1/customers", []pay.Customer{}, false, appendCustomer))
	if want := `{"object":"list","data":[],"has_more":false,"url":"/v1/customers"}`; got != want {
		t.Errorf("got %s", got)
	}
	many := make([]pay.Customer, 100)
	var doc struct {
		Data []struct{ Object string }
		More bool `json:"has_more"`
	}
	if err := json.Unmarshal(list("/x", many, true, appendCustomer), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Data) != 100 || !doc.More || doc.Data[99].Object != "customer" {
		t.Errorf("got %d items, more %v", len(doc.Data), doc.More)
	}
}

func TestMetadata_SameBytesEachTime(t *testing.T) {
	ses := someSession()
	for i := range 50 {
		ses.Metadata[fmt.Sprint("key", i)] = "v"
	}
	first := string(enc.session(nil, &sessionView{Session: ses, now: at}))
	for range 20 {
		if string(enc.session(nil, &sessionView{Session: ses, now: at})) != first {
			t.Fatal("the same session has two encodings")
		}
	}
}

func BenchmarkSession(b *testing.B) {
	ses := someSession()
	v := sessionView{Session: ses, now: at}
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		buf = enc.session(buf[:0], &v)
	}
	b.SetBytes(int64(len(buf)))
}

// BenchmarkSession_Reflected is the same document by encoding/json, for comparison.
func BenchmarkSession_Reflected(b *testing.B) {
	type document struct {
		ID            string            `json:"id"`
		Object        string            `json:"object"`
		Status        string            `json:"status"`
		URL           string            `json:"url"`
		Amount        int64             `json:"amount"`
		Currency      string            `json:"currency"`
		Payment       *string           `json:"payment"`
		PaymentStatus string            `json:"payment_status"`
		Customer      *string           `json:"customer"`
		CustomerEmail *string           `json:"customer_email"`
		SuccessURL    string            `json:"success_url"`
		CancelURL     string            `json:"cancel_url"`
		Metadata      map[string]string `json:"metadata"`
		ExpiresAt     string            `json:"expires_at"`
		CreatedAt     string            `json:"created_at"`
	}
	s := someSession()
	b.ReportAllocs()
	for b.Loop() {
		_, err := json.Marshal(document{
			ID: s.ID, Object: "checkout.session", Status: "open", URL: pageURL(s.ID),
			Amount: s.Amount.Minor, Currency: s.Amount.Currency, PaymentStatus: "unpaid",
			Customer: &s.CustomerID, CustomerEmail: &s.CustomerEmail, SuccessURL: s.SuccessURL,
			CancelURL: s.CancelURL, Metadata: s.Metadata,
			ExpiresAt: s.ExpiresAt.UTC().Format(time.RFC3339),
			CreatedAt: s.CreatedAt.UTC().Format(time.RFC3339),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
