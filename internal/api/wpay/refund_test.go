package wpay_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/paytest"
)

const refundPath = "/payments/pay-1/refund"

// Only what was Completed can be refunded: not what is on its way, and not what was rejected.
func TestRefund_OfWhatIsNotCompleted(t *testing.T) {
	h := saved(t, paytest.Options{})
	for id, simulation := range map[string]string{
		"rejected": `{"outcome":"Rejected"}`, "slow": `{"outcome":"Processing","delay":60}`,
	} {
		h.ask(t, http.StatusCreated, "POST", "/instruments/ins-1/payment", fmt.Sprintf(
			`{"paymentId":%q,"amount":100,"simulation":%s}`, id, simulation))
		o := h.ask(t, http.StatusUnprocessableEntity, "POST", "/payments/"+id+"/refund",
			`{"refundId":"r"}`)
		if o.Text("code") != "payment_not_completed" {
			t.Errorf("%s: %v", id, o)
		}
	}
	h.ask(t, http.StatusNotFound, "POST", "/payments/none/refund", `{"refundId":"r"}`)
	h.Advance(5 * time.Minute)
	h.ask(t, http.StatusCreated, "POST", "/payments/slow/refund", `{"refundId":"r"}`)
}

// An amount left out is all that is left, once.
func TestRefund_TheRestAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := saved(t, o)
		h.ask(t, http.StatusCreated, "POST", refundPath, `{"refundId":"part","amount":995}`)
		codes := paytest.Together(4, func(i int) int {
			return h.do("POST", "/merchants/"+merchant+refundPath,
				fmt.Sprintf(`{"refundId":"rest-%d","amount":null}`, i)).Code
		})
		slices.Sort(codes)
		if want := []int{201, 422, 422, 422}; !slices.Equal(codes, want) {
			t.Errorf("the rest, four times at once: %v", codes)
		}
		paid := h.ask(t, http.StatusOK, "GET", "/payments/pay-1", "")
		if paid["refundedAmount"] != 4995.0 {
			t.Errorf("refunded: %v", paid["refundedAmount"])
		}
		for _, body := range []string{`{"refundId":"x","amount":1}`, `{"refundId":"x"}`} {
			h.ask(t, http.StatusUnprocessableEntity, "POST", refundPath, body)
		}
	})
}

// A refund on its way counts; one that was rejected gives its money free again.
func TestRefund_WhatIsOnItsWayCounts(t *testing.T) {
	h := saved(t, paytest.Options{})
	h.ask(t, http.StatusCreated, "POST", refundPath, `{"refundId":"slow","amount":4000,
		"simulation":{"simulate":"creditor_account_closed","delay":60}}`)
	h.ask(t, http.StatusUnprocessableEntity, "POST", refundPath, `{"refundId":"r","amount":996}`)
	h.Advance(5 * time.Minute)
	if got := became(h.ask(t, http.StatusOK, "GET", "/refunds/slow", "")); got != "Rejected AC07" {
		t.Errorf("the refund is %s", got)
	}
	o := h.ask(t, http.StatusCreated, "POST", refundPath, `{"refundId":"r"}`)
	if o["amount"] != 4995.0 {
		t.Errorf("all that is left: %v", o["amount"])
	}
}

// The same request is the same refund; with another body or another request id it is not.
func TestRefund_ARepeatIsNoOtherRefund(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := saved(t, o)
		const body = `{"refundId":"r","amount":100}`
		for range 3 {
			h.ask(t, http.StatusCreated, "POST", refundPath, body)
		}
		h.ask(t, http.StatusConflict, "POST", refundPath, `{"refundId":"r","amount":101}`)
		w := h.do("POST", "/merchants/"+merchant+refundPath, body, "X-Request-Id", otherID)
		if w.Code != http.StatusConflict {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		paid := h.ask(t, http.StatusOK, "GET", "/payments/pay-1", "")
		if paid["refundedAmount"] != 100.0 {
			t.Errorf("refunded: %v", paid["refundedAmount"])
		}
	})
}
