package wpay_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// saved opens a house in which a buyer has saved the instrument ins-1 and paid pay-1 with it.
func saved(t testing.TB, o paytest.Options, change ...func(*wpay.Deps)) *house {
	t.Helper()
	h := houseOn(t, o, change...)
	id, _ := h.open(t, 1, "Ongoing")
	h.payAs(t, id, "+61400000000")
	return h
}

// slept returns for how long callers have waited since it was last asked.
func (h *house) slept() (sum time.Duration) {
	for _, d := range h.waited {
		sum += d
	}
	h.waited = nil
	return sum
}

// became is what an object is, with the code of the reason.
func became(o apitest.Object) string {
	return strings.TrimSpace(o.Text("status") + " " + o.Text("rejectionReason", "code"))
}

// A simulated payment or refund takes as long as was asked for, and ends as was asked for: at once
// for the caller if that is soon enough, in the end otherwise.
func TestSimulation_OfPaymentsAndRefunds(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := saved(t, o)
		for i, tc := range []struct {
			path, simulation string
			at               string // in the answer
			waited           time.Duration
			later            time.Duration // after the answer
			end              string
		}{
			{"payment", `{"outcome":"Completed"}`, "Completed", 0, 0, "Completed"},
			{"payment", `{}`, "Completed", 0, 0, "Completed"},
			{"payment", `{"outcome":"Completed","delay":0}`, "Completed", 0, 0, "Completed"},
			{"payment", `{"outcome":"Completed","delay":10}`, "Completed", 10, 0, "Completed"},
			{"payment", `{"delay":3}`, "Completed", 3, 0, "Completed"},
			{"payment", `{"outcome":"Rejected"}`, "Rejected AM04", 0, 0, "Rejected AM04"},
			{"payment", `{"reasonCode":"AC06"}`, "Rejected AC06", 0, 0, "Rejected AC06"},
			{"payment", `{"outcome":"Rejected","reasonCode":"AM21","delay":7}`,
				"Rejected AM21", 7, 0, "Rejected AM21"},
			{"payment", `{"outcome":"AC05","delay":60}`, "Processing", 30, 30, "Rejected AC05"},
			{"payment", `{"simulate":"insufficient_funds","delay":3600}`,
				"Processing", 30, 3570, "Rejected AM04"},
			{"payment", `{"type":"auto_settle","delay":86400}`, "Processing", 30, 86370, "Completed"},
			{"payment", `{"simulate":"investigate_and_settle"}`,
				"Processing", 30, 40*3600 - 30, "Completed"},
			{"payment", `{"simulate":"investigate_and_fail","delay":40}`,
				"Processing", 30, 10, "Rejected AB04"},
			{"payment", `{"outcome":"Processing","delay":45}`, "Processing", 30, 15, "Completed"},
			{"refund", `{"simulate":"success"}`, "Completed", 0, 0, "Completed"},
			{"refund", `{"outcome":"Completed","delay":5}`, "Completed", 5, 0, "Completed"},
			{"refund", `{"simulate":"creditor_account_closed"}`,
				"Rejected AC07", 0, 0, "Rejected AC07"},
			{"refund", `{"type":"creditor_alias_not_found","delay":90}`,
				"Processing", 30, 60, "Rejected ZPUNP08"},
			{"refund", `{"outcome":"Rejected"}`, "Rejected AC07", 0, 0, "Rejected AC07"},
			{"refund", `{"outcome":"Rejected","reasonCode":"ZPREF07","delay":2}`,
				"Rejected ZPREF07", 2, 0, "Rejected ZPREF07"},
			{"refund", `{"outcome":"Processing"}`, "Processing", 30, 40*3600 - 30, "Completed"},
		} {
			id := fmt.Sprintf("%s-%d", tc.path, i)
			path := "/instruments/ins-1/payment"
			if tc.path == "refund" {
				path = "/payments/pay-1/refund"
			}
			h.slept()
			made := h.ask(t, http.StatusCreated, "POST", path, fmt.Sprintf(
				`{"%sId":%q,"amount":100,"simulation":%s}`, tc.path, id, tc.simulation))
			if slept := h.slept(); became(made) != tc.at || slept != tc.waited*time.Second {
				t.Errorf("%s %s: %s after %s", tc.path, tc.simulation, became(made), slept)
			}
			if tc.later == 0 {
				continue
			}
			read := func() string {
				return became(h.ask(t, http.StatusOK, "GET", "/"+tc.path+"s/"+id, ""))
			}
			h.Advance((tc.later - 1) * time.Second)
			if got := read(); got != "Processing" {
				t.Errorf("%s %s: a second too soon it is %s", tc.path, tc.simulation, got)
			}
			h.Advance(time.Second)
			h.Advance(2 * time.Minute) // a poll, should nobody have told
			if got := read(); got != tc.end {
				t.Errorf("%s %s: in the end it is %s", tc.path, tc.simulation, got)
			}
		}
	})
}

// A delay is in the clock of the merchant, which may run ahead of ours.
func TestSimulation_FollowsTheTestClock(t *testing.T) {
	h := saved(t, paytest.Options{})
	h.ask(t, http.StatusCreated, "POST", "/instruments/ins-1/payment",
		`{"paymentId":"late","amount":100,"simulation":{"simulate":"auto_settle","delay":86000}}`)
	h.ask(t, http.StatusCreated, "POST", "/payments/pay-1/refund",
		`{"refundId":"late","amount":100,"simulation":{"simulate":"success","delay":86000}}`)
	_, _, err := h.Pay.AdvanceClock(t.Context(), h.Shop, nil, 24*time.Hour)
	must(t, err)
	h.Work()
	for _, path := range []string{"/payments/late", "/refunds/late"} {
		if got := became(h.ask(t, http.StatusOK, "GET", path, "")); got != "Completed" {
			t.Errorf("%s is %s", path, got)
		}
	}
}

// simulated opens a checkout session with simulations and has its buyer name a PayID.
func (h *house) simulated(t testing.TB, n int, instrument, payment string) (id string) {
	t.Helper()
	body := fmt.Sprintf(`{"merchantReturnUrl":"https://shop.test/back",
		"buyer":{"buyerId":"b","name":"Mira Okafor"},
		"instrument":{"instrumentId":"ins-%[1]d","type":"OneOff","simulation":%[2]s},
		"payment":{"paymentId":"pay-%[1]d","amount":4995,"simulation":%[3]s},
		"merchantWebhooksUrl":"https://shop.test/hooks"}`, n, instrument, payment)
	id = h.ask(t, http.StatusCreated, "POST", "/session/checkout", body).Text("sessionId")
	if w := h.do("POST", "/payer/sessions/"+id, `{"payid":"0412000111"}`); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	return id
}

// stands is where a session's instrument and payment stand.
func (h *house) stands(t testing.TB, id string) string {
	t.Helper()
	o := h.ask(t, http.StatusOK, "GET", "/session/"+id, "")
	return fmt.Sprintf("%s %s, %s %s", o.Text("instrument", "status"),
		o.Text("instrument", "reason", "code"), o.Text("payment", "status"),
		o.Text("payment", "rejectionReason", "code"))
}

// told delivers what is due and returns the types of what came since the last time.
func (h *house) told(t testing.TB) (names []string) {
	t.Helper()
	h.Deliver(t)
	for _, p := range h.Sent {
		names = append(names, p.Type)
	}
	h.Sent = nil
	return names
}

// A simulated agreement is answered without anybody, as was asked for and when.
func TestSimulation_OfInstruments(t *testing.T) {
	const pending, created, cancelled = "Pending ,  ", "Instrument.Created", "Instrument.Cancelled"
	type moment struct {
		after  int64 // seconds since the one before
		stands string
		told   string
	}
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := houseOn(t, o)
		for i, tc := range []struct {
			instrument, payment string
			moments             []moment
		}{
			{`{"simulate":"debtor_accept"}`, `null`, []moment{
				{0, "Active , Processing ", created}, {3, "Active , Completed ", "Payment.Completed"}}},
			{`{"simulate":"debtor_accept","delay":60}`, `null`, []moment{
				{0, pending, ""}, {59, pending, ""}, {1, "Active , Processing ", created},
				{3, "Active , Completed ", "Payment.Completed"}}},
			{`{"outcome":"Completed","delay":10}`, `{"outcome":"AM04","delay":20}`, []moment{
				{9, pending, ""}, {1, "Active , Processing ", created},
				{19, "Active , Processing ", ""}, {1, "Active , Rejected AM04", "Payment.Rejected"}}},
			{`{"outcome":"Completed"}`, `{"simulate":"investigate_and_fail","delay":50}`, []moment{
				{0, "Active , Processing ", created}, {49, "Active , Processing ", ""},
				{1, "Active , Rejected AB04", "Payment.Rejected"}}},
			{`{"simulate":"debtor_decline","delay":60}`, `null`, []moment{
				{59, pending, ""}, {1, "Cancelled MD16,  ", cancelled}, {600, "Cancelled MD16,  ", ""}}},
			{`{"outcome":"Rejected","reasonCode":"AC13","delay":30}`, `{"delay":9}`, []moment{
				{29, pending, ""}, {1, "Cancelled AC13,  ", cancelled}}},
			{`{"simulate":"expire","delay":60}`, `null`, []moment{
				{59, pending, ""}, {1, "Cancelled NOAS,  ", cancelled}}},
			{`{"simulate":"expire"}`, `null`, []moment{
				{1799, pending, ""}, {60, "Cancelled NOAS,  ", cancelled}}},
			// The session is over before the bank would have answered.
			{`{"simulate":"debtor_accept","delay":3600}`, `null`, []moment{
				{1799, pending, ""}, {60, "Cancelled NOAS,  ", cancelled},
				{3600, "Cancelled NOAS,  ", ""}}},
			// Where no agreement came to be nobody is told of any.
			{`{"simulate":"debtor_alias_not_found"}`, `null`, []moment{{0, " ,  ", ""}}},
			{`{"simulate":"agreement_service_unavailable","delay":5}`, `null`, []moment{
				{4, pending, ""}, {1, " ,  ", ""}}},
			{`null`, `{"delay":9}`, []moment{{60, pending, ""}}},
			{`{"outcome":"Processing"}`, `null`, []moment{{60, pending, ""}}},
		} {
			id := h.simulated(t, i, tc.instrument, tc.payment)
			for _, m := range tc.moments {
				h.Advance(time.Duration(m.after) * time.Second)
				if got := h.stands(t, id); got != m.stands {
					t.Errorf("%s %s after %d: %s", tc.instrument, tc.payment, m.after, got)
				}
				if got := strings.Join(h.told(t), " "); got != m.told {
					t.Errorf("%s %s after %d: told %s", tc.instrument, tc.payment, m.after, got)
				}
			}
		}
	})
}

// Whoever answers in the bank's app is faster than the bank.
func TestSimulation_ABuyerMayBeFaster(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := houseOn(t, o)
		for i, tc := range []struct {
			do     pay.BankAction
			stands string
			told   []string
		}{
			{"approve", "Active , Completed ", []string{"Instrument.Created", "Payment.Completed"}},
			{"decline", "Cancelled MD16,  ", []string{"Instrument.Cancelled"}},
		} {
			id := h.simulated(t, i, `{"simulate":"debtor_accept","delay":60}`, `null`)
			h.Advance(30 * time.Second)
			w := h.do("POST", fmt.Sprintf("/payer/instruments/ins-%d", i), `{"do":"`+string(tc.do)+`"}`)
			if w.Code != http.StatusOK {
				t.Fatal(w.Body)
			}
			h.Advance(5 * time.Second)
			h.Advance(10 * time.Minute)
			if got := h.stands(t, id); got != tc.stands {
				t.Errorf("%s: %s", tc.do, got)
			}
			if got := h.told(t); !slices.Equal(got, tc.told) {
				t.Errorf("%s: told %v", tc.do, got)
			}
		}
	})
}

// An instrument session is simulated like any other, and pays nothing.
func TestSimulation_OfAnInstrumentAlone(t *testing.T) {
	h := newHouse(t)
	id := h.ask(t, http.StatusCreated, "POST", "/session/instrument", `{
		"merchantReturnUrl":"https://shop.test/back","buyer":{"buyerId":"b","name":"Mira Okafor"},
		"instrument":{"instrumentId":"i","type":"Ongoing",
			"simulation":{"simulate":"debtor_accept","delay":60}}}`).Text("sessionId")
	h.payAs(t, id, "0412000111")
	for _, want := range []string{"Pending", "Active"} {
		if got := h.ask(t, http.StatusOK, "GET", "/instruments/i", "").Text("status"); got != want {
			t.Errorf("the instrument is %s, not %s", got, want)
		}
		h.Advance(time.Minute)
	}
	h.ask(t, http.StatusCreated, "POST", "/instruments/i/payment", `{"paymentId":"p","amount":1}`)
}

// The payment of a payment session is simulated, too; its buyer only watches.
func TestSimulation_OfAPaymentSession(t *testing.T) {
	h := saved(t, paytest.Options{})
	id := h.ask(t, http.StatusCreated, "POST", "/session/payment", `{
		"merchantReturnUrl":"https://shop.test/back","buyer":{"buyerId":"cust-77"},
		"payment":{"paymentId":"p","instrumentId":"ins-1","amount":100,
			"simulation":{"simulate":"insufficient_funds","delay":10}}}`).Text("sessionId")
	for _, want := range []string{"Active , Processing ", "Active , Rejected AM04"} {
		if got := h.stands(t, id); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		h.Advance(10 * time.Second)
	}
}

// What nobody can simulate is refused, and the field is named.
func TestSimulation_IsRefused(t *testing.T) {
	h := saved(t, paytest.Options{})
	for _, tc := range []struct{ path, simulation, field string }{
		{"payment", `{"simulate":"success"}`, "simulate"},
		{"payment", `{"simulate":""}`, "simulate"},
		{"payment", `{"type":"debtor_accept"}`, "simulate"},
		{"payment", `{"simulate":"auto_settle","type":"insufficient_funds"}`, "simulate"},
		{"payment", `{"simulate":"auto_settle","outcome":"Completed"}`, "simulate"},
		{"payment", `{"outcome":"completed"}`, "outcome"},
		{"payment", `{"outcome":""}`, "outcome"},
		{"payment", `{"outcome":"XX99"}`, "outcome"},
		{"payment", `{"outcome":"MD16"}`, "outcome"}, // ends agreements
		{"payment", `{"outcome":"Rejected","reasonCode":"XX99"}`, "reasonCode"},
		{"payment", `{"outcome":"Completed","reasonCode":"AM04"}`, "reasonCode"},
		{"payment", `{"outcome":"AM04","reasonCode":"AC06"}`, "reasonCode"},
		{"payment", `{"delay":-1}`, "delay"},
		{"payment", `{"delay":86401}`, "delay"},
		{"payment", `{"delay":1.5}`, "delay"},
		{"payment", `{"delays":1}`, "delays"},
		{"payment", `"AM04"`, ""},
		{"refund", `{"simulate":"auto_settle"}`, "simulate"},
		{"refund", `{"outcome":"AC05","delay":1}`, ""}, // is a reason of refunds, too
		{"refund", `{"outcome":"Rejected","reasonCode":"NOAS"}`, "reasonCode"},
		{"refund", `{"delay":86401}`, "delay"},
	} {
		path := "/instruments/ins-1/payment"
		if tc.path == "refund" {
			path = "/payments/pay-1/refund"
		}
		w := h.do("POST", "/merchants/"+merchant+path, fmt.Sprintf(
			`{"%sId":"x","amount":100,"simulation":%s}`, tc.path, tc.simulation))
		if tc.field == "" && w.Code == http.StatusCreated {
			continue
		}
		o := apitest.Read(t, http.StatusBadRequest, w)
		fields, _ := o["errors"].(map[string]any)
		name := strings.TrimSuffix("simulation."+tc.field, ".")
		if _, named := fields[name]; !named || len(fields) != 1 {
			t.Errorf("%s %s: %s", tc.path, tc.simulation, w.Body)
		}
	}
	live := []string{"Authorization", "Bearer " + paytest.LiveKey("shop")}
	for path, id := range map[string]string{
		"/instruments/ins-1/payment": "paymentId", "/payments/pay-1/refund": "refundId",
	} {
		w := h.do("POST", "/merchants/"+merchant+path,
			`{"`+id+`":"x","amount":1,"simulation":{}}`, live...)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(),
			`"errors":{"simulation":["simulation belongs to test mode."]}`) {
			t.Errorf("in live mode: %d %s", w.Code, w.Body)
		}
	}
	_, _, err := h.Pay.CreateRefund(t.Context(), pay.Caller{Scope: pay.Scope{Mode: pay.Live}}, nil,
		pay.RefundRequest{PaymentID: "p", Rehearsal: pay.RehearseApprove})
	if !pay.IsKind(err, pay.Forbidden) {
		t.Errorf("a live refund that is rehearsed: %v", err)
	}
}
