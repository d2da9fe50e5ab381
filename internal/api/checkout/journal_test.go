package checkout_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/paytest"
)

// sums is a document of the balance, of one currency.
type sums struct {
	Available, Pending, Reserved []struct{ Amount int64 }
}

func (h *house) balance(t *testing.T) string {
	t.Helper()
	var b sums
	must(t, json.Unmarshal(h.do("GET", "/v1/balance", key, "").Body.Bytes(), &b))
	return fmt.Sprint(b.Available[0].Amount, b.Pending[0].Amount, b.Reserved[0].Amount)
}

// transactions reads the whole list, a few at a time, and adds it up.
func (h *house) transactions(t *testing.T, limit int) (n int, sum int64) {
	t.Helper()
	path := fmt.Sprintf("/v1/balance/transactions?limit=%d", limit)
	for next := path; ; {
		var page struct {
			Data []struct {
				ID     string
				Amount int64
			}
			More bool `json:"has_more"`
		}
		must(t, json.Unmarshal(h.do("GET", next, key, "").Body.Bytes(), &page))
		if len(page.Data) > limit || page.More && len(page.Data) < limit {
			t.Fatalf("%d items of %d, more %v", len(page.Data), limit, page.More)
		}
		for _, item := range page.Data {
			n, sum = n+1, sum+item.Amount
		}
		if !page.More {
			return n, sum
		}
		next = path + "&starting_after=" + page.Data[len(page.Data)-1].ID
	}
}

// TestBalance_IsTheSumOfItsTransactions mixes money that is the merchant's with late money, whose
// entries have to be passed over, and reads the list in pages of every size.
func TestBalance_IsTheSumOfItsTransactions(t *testing.T) {
	h := open(t)
	for range 3 {
		h.made(t, "/v1/payments", `{"amount":1000,"currency":"GHS",`+
			`"payment_method":"mobile_money","phone":"0240000000"}`)
		late := h.made(t, "/v1/payments", `{"amount":70,"currency":"GHS",`+
			`"payment_method":"mobile_money","phone":"0240000022"}`)
		for range 2 {
			h.Advance(4 * time.Minute)
		}
		h.made(t, "/v1/refunds", `{"payment":"`+late+`","amount":30}`)
	}
	if got := h.balance(t); got != "3000 0 120" {
		t.Errorf("balance %s", got)
	}
	for limit := 1; limit <= 4; limit++ {
		if n, sum := h.transactions(t, limit); n != 3 || sum != 3000 {
			t.Errorf("in pages of %d: %d transactions, %d", limit, n, sum)
		}
	}
}

// TestSettle_OnceHoweverOften settles one transfer many times at once.
func TestSettle_OnceHoweverOften(t *testing.T) {
	h := open(t)
	id := h.made(t, "/v1/checkout/sessions", sessionBody)
	payment := h.made(t, "/v1/test_helpers/sessions/"+id+"/pay",
		`{"payment_method":{"type":"bank_transfer"}}`)
	h.do("POST", "/v1/test_helpers/transfers/"+payment, key, `{"amount":12600}`)
	ok := 0
	for i, w := range paytest.Together(8, func(int) *httptest.ResponseRecorder {
		return h.do("POST", "/v1/payments/"+payment+"/settle", key, `{"action":"refund"}`)
	}) {
		switch w.Code {
		case 200:
			ok++
		case 409:
		default:
			t.Errorf("%d: %d %s", i, w.Code, w.Body)
		}
	}
	if got := h.balance(t); ok != 1 || got != "12550 0 50" {
		t.Errorf("%d settled, balance %s", ok, got)
	}
}

// TestSettle_NeedsAKeyInLiveMode holds that a decision about real money can be repeated safely.
func TestSettle_NeedsAKeyInLiveMode(t *testing.T) {
	h := open(t)
	w := h.do("POST", "/v1/payments/pay_0/settle", liveKey, `{"action":"accept"}`)
	if w.Code != 400 || !strings.Contains(w.Body.String(), `"code":"idempotency_key_required"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestLogsKeepPhones pays by phone in every way and looks for the number in the log.
func TestLogsKeepPhones(t *testing.T) {
	h := open(t)
	body := `{"amount":500,"currency":"GHS","payment_method":"mobile_money","phone":"%s"}`
	payment := h.made(t, "/v1/payments", fmt.Sprintf(body, "+233241234567"))
	h.do("POST", "/v1/test_helpers/prompts/"+payment+"/reject", key, "")
	h.do("POST", "/v1/payments", key, fmt.Sprintf(body, "0300000001"))
	h.do("GET", "/v1/test_helpers/prompts", key, "")
	for _, number := range []string{"241234567", "300000001"} {
		if strings.Contains(h.Logs.String(), number) {
			t.Errorf("the log shows %s", number)
		}
	}
}
