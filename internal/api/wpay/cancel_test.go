package wpay_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// otherID is the id of a request that is not a repeat.
const otherID = "9a1f5f5e-4b0d-4f57-8a64-3f6d1d2b7c11"

// cancel cancels ins-1 and returns the status and the body of the answer.
func (h *house) cancel(requestID, body string) (int, string) {
	w := h.do("POST", "/merchants/"+merchant+"/instruments/ins-1/cancel", body,
		"X-Request-Id", requestID)
	return w.Code, w.Body.String()
}

// canceled cancels ins-1 twice by one request and once more by another.
func (h *house) canceled(t testing.TB) {
	t.Helper()
	code, first := h.cancel(requestID, `{"buyerId":"cust-77"}`)
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, first)
	}
	h.Advance(48 * time.Hour)
	if code, again := h.cancel(requestID, `{"buyerId":"cust-77"}`); code != http.StatusOK {
		t.Errorf("the same request once more: %d %s", code, again)
	}
	for id, body := range map[string]string{otherID: `{"buyerId":"cust-77"}`, requestID: ""} {
		if code, no := h.cancel(id, body); code != http.StatusConflict {
			t.Errorf("another request: %d %s", code, no)
		}
	}
}

func TestCancel_OnceForEachRequest(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) { saved(t, o).canceled(t) })
}

func TestCancel_WhileTheBuyerIsAsked(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := houseOn(t, o)
		id, _ := h.open(t, 1, "OneOff")
		h.payAs(t, id, "0412000111")
		h.canceled(t)
		if s := h.core(t, id); s.State != pay.SessionCanceled {
			t.Errorf("the session is %s", s.State)
		}
	})
}

// An instrument for one payment that was made has nothing left to cancel.
func TestCancel_WhatWasUsed(t *testing.T) {
	h := newHouse(t)
	id, _ := h.open(t, 1, "OneOff")
	h.payAs(t, id, "+61400000000")
	h.Advance(time.Minute)
	o := h.ask(t, http.StatusUnprocessableEntity, "POST", "/instruments/ins-1/cancel", "")
	if o.Text("code") != "instrument_used" {
		t.Errorf("%v", o)
	}
}

// What was used up is Active until its last day is over, and can pay no more from then on.
func TestCancel_AfterItsLastDay(t *testing.T) {
	h := newHouse(t)
	id, _ := h.open(t, 1, "OneOff")
	h.payAs(t, id, "+61400000000")
	h.told(t)
	for _, want := range []string{"Active", "Cancelled"} {
		o := h.ask(t, http.StatusOK, "GET", "/session/"+id, "")
		if got := o.Text("instrument", "status"); got != want {
			t.Errorf("the instrument is %s, not %s", got, want)
		}
		h.Advance(31 * 24 * time.Hour)
		h.Work()
	}
	o := h.ask(t, http.StatusOK, "GET", "/instruments/ins-1", "")
	if o.Text("reason", "code") != "MD20" || o.Text("updatedAt") != "2026-11-02T13:00:00Z" {
		t.Errorf("%v", o)
	}
	h.ask(t, http.StatusUnprocessableEntity, "POST", "/instruments/ins-1/payment",
		`{"paymentId":"pay-2","amount":4995}`)
	if code, body := h.cancel(otherID, ""); code != http.StatusConflict {
		t.Errorf("%d %s", code, body)
	}
	if got := h.told(t); len(got) > 0 {
		t.Errorf("told %v", got)
	}
}

// One that the buyer has ended at the bank is told of once, and is not cancelled again.
func TestCancel_AfterTheBuyerDid(t *testing.T) {
	h := saved(t, paytest.Options{})
	h.told(t)
	if w := h.do("POST", "/payer/instruments/ins-1", `{"do":"cancel"}`); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	if code, body := h.cancel(otherID, ""); code != http.StatusConflict {
		t.Errorf("%d %s", code, body)
	}
	if got := h.told(t); len(got) != 1 || got[0] != "Instrument.Cancelled" {
		t.Errorf("told %v", got)
	}
}
