package wpay_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

const sampleSession = "0d5b8a4e-8f1e-4f0e-9a44-2f3a1b7c6d55"

// instant reads a time of a sample.
func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	must(t, err)
	return at
}

// letter is what the family sends for a snapshot; "" for nothing. The id of the event is cut out.
func letter(t testing.TB, event string, kind pay.ObjectKind, published string, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	must(t, err)
	letters := wpay.Encoder()(pay.Event{
		ID: "evt_1", Type: event, Kind: kind, ObjectID: "o", Family: wpay.Family, Data: data,
		CreatedAt: instant(t, published),
	}, 0)
	if len(letters) == 0 {
		return ""
	}
	l := letters[0]
	if len(letters) != 1 || !strings.Contains(string(l.Body), `"EventType":"`+l.Name+`"`) {
		t.Errorf("%s: %d letters, the first is called %s: %s", event, len(letters), l.Name, l.Body)
	}
	return strings.Replace(string(l.Body), l.ID, "ID", 1)
}

// The samples of the documentation, byte for byte: the spelling of keys and their order count.
func TestEvents_AreThoseOfTheDocumentation(t *testing.T) {
	echo := []byte(`{"session":"` + sampleSession + `","instrument":"ins-A-1001",
		"instrument_type":"OneOff","payment":"pay-A-1001","reference":"A-1001",
		"description":"Order A-1001","refund":"ref-A-1001-1"}`)
	npp := instant(t, "2025-03-04T01:03:33.402Z")
	mandate := pay.Mandate{
		Family: wpay.Family, State: pay.MandateActive, Echo: echo, CreatedAt: npp, UpdatedAt: npp,
		Payto: &pay.Payto{Kind: payid.PayID, PayIDType: payid.Phone, PayID: "+61-412000111"},
		Terms: terms.Terms{
			Amount: terms.Amount{Max: 4995}, End: terms.Date{Year: 2025, Month: time.April, Day: 3},
		},
	}
	ended := mandate
	ended.State, ended.NetworkCode = pay.MandateCanceled, "MD16"
	payment := pay.Payment{
		Family: wpay.Family, State: pay.PaymentPaid, Amount: money.Amount{Minor: 4995, Currency: "AUD"},
		MethodID: "pm_1", Echo: echo, UpdatedAt: npp,
	}
	rejected := payment
	rejected.State, rejected.NetworkCode = pay.PaymentFailed, "AM04"
	refund := pay.Refund{
		Family: wpay.Family, State: pay.RefundSucceeded, Echo: echo, UpdatedAt: npp,
		Amount: money.Amount{Minor: 1000, Currency: "AUD"},
	}
	refused := refund
	refused.State, refused.NetworkCode = pay.RefundFailed, "SYS"
	const published = "2025-03-04T01:03:41.8675847Z"
	for _, tc := range []struct {
		event string
		kind  pay.ObjectKind
		of    any
		want  string
	}{
		{"mandate.active", pay.ObjectMandate, mandate, `{"EventId":"ID",` +
			`"EventType":"Instrument.Created","PublishedAt":"2025-03-04T01:03:41.8675847Z",` +
			`"Payload":{"InstrumentId":"ins-A-1001","LabelType":"PAYID","Label":"0412 000 111",` +
			`"MaximumAmount":4995,"ExpiryDate":"2025-04-03",` +
			`"NppPublishedAt":"2025-03-04T01:03:33.402Z",` +
			`"SessionId":"0d5b8a4e-8f1e-4f0e-9a44-2f3a1b7c6d55","SchemaVersion":"1.0.0"},` +
			`"SchemaVersion":"1.0.0"}`},
		{"mandate.canceled", pay.ObjectMandate, ended, `{"EventId":"ID",` +
			`"EventType":"Instrument.Cancelled","PublishedAt":"2025-03-04T01:03:41.8675847Z",` +
			`"Payload":{"InstrumentId":"ins-A-1001","Reason":{"Code":"MD16",` +
			`"Title":"Requested By Customer","Detail":"The payer asked their bank for it."},` +
			`"NppPublishedAt":"2025-03-04T01:03:33.402Z","SchemaVersion":"1.0.0"},` +
			`"SchemaVersion":"1.0.0"}`},
		{"payment.paid", pay.ObjectPayment, payment, `{"EventId":"ID",` +
			`"EventType":"Payment.Completed","PublishedAt":"2025-03-04T01:03:41.8675847Z",` +
			`"Payload":{"PaymentId":"pay-A-1001","InstrumentId":"ins-A-1001","Amount":4995,` +
			`"Reference":"A-1001","Description":"Order A-1001",` +
			`"NppPublishedAt":"2025-03-04T01:03:33.402Z","SchemaVersion":"1.0.0"},` +
			`"SchemaVersion":"1.0.0"}`},
		{"payment.failed", pay.ObjectPayment, rejected, `{"EventId":"ID",` +
			`"EventType":"Payment.Rejected","PublishedAt":"2025-03-04T01:03:41.8675847Z",` +
			`"Payload":{"PaymentId":"pay-A-1001","InstrumentId":"ins-A-1001","Amount":4995,` +
			`"RejectionReason":{"Code":"AM04","Title":"Insufficient Funds",` +
			`"Detail":"There is not enough money in the account of the payer."},` +
			`"NppPublishedAt":"2025-03-04T01:03:33.402Z","SchemaVersion":"1.0.0"},` +
			`"SchemaVersion":"1.0.0"}`},
		{"refund.succeeded", pay.ObjectRefund, refund, `{"EventId":"ID",` +
			`"EventType":"Refund.Completed","PublishedAt":"2025-03-04T01:03:41.8675847Z",` +
			`"Payload":{"RefundId":"ref-A-1001-1","PaymentId":"pay-A-1001","Amount":1000,` +
			`"Reference":"A-1001","Description":"Order A-1001",` +
			`"NppPublishedAt":"2025-03-04T01:03:33.402Z","SchemaVersion":"1.0.0"},` +
			`"SchemaVersion":"1.0.0"}`},
		{"refund.failed", pay.ObjectRefund, refused, `{"EventId":"ID",` +
			`"EventType":"Refund.Rejected","PublishedAt":"2025-03-04T01:03:41.8675847Z",` +
			`"Payload":{"RefundId":"ref-A-1001-1","PaymentId":"pay-A-1001","Amount":1000,` +
			`"RejectionReason":{"Code":"SYS","Title":"System Error",` +
			`"Detail":"Something went wrong on our side."},` +
			`"NppPublishedAt":"2025-03-04T01:03:33.402Z","SchemaVersion":"1.0.0"},` +
			`"SchemaVersion":"1.0.0"}`},
	} {
		if got := letter(t, tc.event, tc.kind, published, tc.of); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.event, got, tc.want)
		}
	}
}

// What has no limit, no reference or no end says null: the keys are always there.
func TestEvents_SayNullForWhatIsNotThere(t *testing.T) {
	const at = "2025-03-04T01:03:41Z"
	open := letter(t, "mandate.active", pay.ObjectMandate, at, pay.Mandate{
		Family: wpay.Family, State: pay.MandateActive, Echo: []byte(`{"instrument":"i"}`),
		Payto: &pay.Payto{Kind: payid.Account, BSB: "062000", Account: "12345678"},
	})
	want := `"LabelType":"BBAN","Label":"062-000 ••••5678","MaximumAmount":null,"ExpiryDate":null,`
	if !strings.Contains(open, want) {
		t.Errorf("an open-ended instrument: %s", open)
	}
	plain := letter(t, "payment.paid", pay.ObjectPayment, at, pay.Payment{
		Family: wpay.Family, State: pay.PaymentPaid, MethodID: "pm_1",
		Echo: []byte(`{"payment":"p","instrument":"i","description":"d"}`),
	})
	if !strings.Contains(plain, `"Amount":0,"Reference":null,"Description":"d",`) {
		t.Errorf("a payment without a reference: %s", plain)
	}
}

// What is no news for a merchant of this protocol is not sent.
func TestEvents_AreNotSentForOtherThings(t *testing.T) {
	echo := []byte(`{"instrument":"i","payment":"p"}`)
	attempt := pay.Payment{Family: wpay.Family, State: pay.PaymentFailed, Echo: echo}
	unknown := attempt
	unknown.NetworkCode = "ZPUNP07"
	alone := pay.Payment{
		Family: wpay.Family, State: pay.PaymentPaid, MethodID: "pm_1",
		Echo: []byte(`{"instrument":"i"}`),
	}
	replaced := pay.Mandate{
		Family: wpay.Family, State: pay.MandateCanceled, Reason: pay.ByReplaced, Echo: echo,
	}
	for _, tc := range []struct {
		event string
		kind  pay.ObjectKind
		of    any
		sent  bool
	}{
		{"payment.failed", pay.ObjectPayment, attempt, true},
		{"payment.failed", pay.ObjectPayment, unknown, false}, // there was no instrument
		{"payment.paid", pay.ObjectPayment, alone, false},     // of an instrument session
		{"mandate.canceled", pay.ObjectMandate, replaced, false},
		{"mandate.paused", pay.ObjectMandate, pay.Mandate{Family: wpay.Family}, false},
		{"payment.processing", pay.ObjectPayment, alone, false},
	} {
		got := letter(t, tc.event, tc.kind, "2025-03-04T01:03:41Z", tc.of)
		if (got != "") != tc.sent {
			t.Errorf("%s: %q", tc.event, got)
		}
	}
}

// A time has up to seven digits after the second, without zeros at their end; one of the network
// has three.
func TestEvents_Times(t *testing.T) {
	for _, tc := range []struct{ at, published, network string }{
		{"2025-03-04T01:03:41.8675847Z", "01:03:41.8675847Z", "01:03:41.867Z"},
		{"2025-03-04T01:03:50.825271Z", "01:03:50.825271Z", "01:03:50.825Z"},
		{"2025-03-04T01:03:50.2Z", "01:03:50.2Z", "01:03:50.200Z"},
		{"2025-03-04T01:03:50.00000009Z", "01:03:50Z", "01:03:50.000Z"},
		{"2025-03-04T01:03:50Z", "01:03:50Z", "01:03:50.000Z"},
		{"2025-03-04T12:03:50.12345679+11:00", "01:03:50.1234567Z", "01:03:50.123Z"},
	} {
		got := letter(t, "mandate.active", pay.ObjectMandate, tc.at, pay.Mandate{
			Family: wpay.Family, State: pay.MandateActive, Echo: []byte(`{"instrument":"i"}`),
			CreatedAt: instant(t, tc.at),
		})
		for _, want := range []string{
			`"PublishedAt":"2025-03-04T` + tc.published + `","Payload"`,
			`"NppPublishedAt":"2025-03-04T` + tc.network + `"`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %s in %s", tc.at, want, got)
			}
		}
	}
}
