package railtest

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// noticed makes the network tell about a payment.
func (s *suite) noticed(t *testing.T) (pay.Rail, pay.Notifier, pay.Attempt, Notification) {
	t.Helper()
	r := s.Open(t)
	n := able[pay.Notifier](t, r, "does not call back")
	s.Notices(t, r) // those of earlier tests
	c := Late
	bank, isBank := r.(pay.Depositor)
	if isBank {
		c = Succeeds
	}
	a := s.attempt(t, c, pay.CaptureAutomatic)
	want(t, s.started(t, r, a), pay.OutcomeWaiting, s.amount)
	if early := s.Notices(t, r); len(early) != 0 {
		t.Errorf("%d notifications before anything happened", len(early))
	}
	if isBank {
		if err := bank.Deposit(t.Context(), s.ref(a.PaymentID), s.amount); err != nil {
			t.Fatal(err)
		}
	}
	s.Advance(s.LateAfter + time.Second)
	got := s.Notices(t, r)
	if len(got) != 1 {
		t.Fatalf("%d notifications, want 1", len(got))
	}
	return r, n, a, got[0]
}

func (s *suite) notices(t *testing.T) {
	r, n, a, got := s.noticed(t)
	notice, err := n.Notify(t.Context(), got.Header, got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if notice.PaymentID != a.PaymentID || notice.ID == "" {
		t.Errorf("Notify = %+v, want payment %s", notice, a.PaymentID)
	}
	if again, err := n.Notify(t.Context(), got.Header, got.Body); err != nil || again != notice {
		t.Errorf("Notify again = %+v, %v", again, err)
	}
	if more := s.Notices(t, r); len(more) != 0 {
		t.Errorf("%d more notifications after delivery", len(more))
	}
	for _, line := range []string{string(got.Body), got.Header.Get("Content-Type")} {
		if a.Card != nil && strings.Contains(line, a.Card.Number.Reveal()) {
			t.Error("the notification carries the card number")
		}
		if a.Mobile != nil && strings.Contains(line, a.Mobile.Phone) {
			t.Error("the notification carries the phone")
		}
		if a.Payto != nil && strings.Contains(line, a.Payto.Account+a.Payto.PayID) {
			t.Error("the notification carries the account")
		}
	}
}

func (s *suite) forged(t *testing.T) {
	_, n, _, got := s.noticed(t)
	refused := func(t *testing.T, header http.Header, body []byte) {
		t.Helper()
		if notice, err := n.Notify(t.Context(), header, body); err == nil {
			t.Errorf("Notify = %+v, want an error", notice)
		}
	}
	t.Run("changed body", func(t *testing.T) {
		for i := range got.Body {
			body := bytes.Clone(got.Body)
			body[i] ^= 1
			refused(t, got.Header, body)
		}
		refused(t, got.Header, append(bytes.Clone(got.Body), ' '))
		refused(t, got.Header, nil)
	})
	t.Run("no signature", func(t *testing.T) {
		refused(t, http.Header{}, got.Body)
		refused(t, nil, got.Body)
	})
	t.Run("damaged headers", func(t *testing.T) {
		for name, values := range got.Header {
			if strings.HasPrefix(name, "Content-") {
				continue
			}
			for _, value := range []string{"", "x", values[0][:len(values[0])-1],
				values[0] + "0", strings.ToUpper(values[0])} {
				header := got.Header.Clone()
				header.Set(name, value)
				refused(t, header, got.Body)
			}
			header := got.Header.Clone()
			header.Add(name, values[0])
			header.Add(name, "x")
			refused(t, header, got.Body)
		}
	})
	t.Run("huge body", func(t *testing.T) {
		refused(t, got.Header, make([]byte, 1<<20))
	})
	t.Run("old", func(t *testing.T) {
		s.Advance(6 * time.Minute)
		refused(t, got.Header, got.Body)
	})
	t.Run("from the future", func(t *testing.T) {
		s.Advance(-12 * time.Minute)
		refused(t, got.Header, got.Body)
		s.Advance(6 * time.Minute)
		if _, err := n.Notify(t.Context(), got.Header, got.Body); err != nil {
			t.Errorf("at its own time: %v", err)
		}
	})
}
