package hosted

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

func TestBrake_CountsAddressesCardsAndIssuers(t *testing.T) {
	now := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	b := newBrake(3, ident.Random(), func() time.Time { return now }, log)
	r := httptest.NewRequest("POST", "/", nil)
	try := func(address, number string) bool {
		_, ok := b.allow(r, address, pay.MethodInput{
			Card: &pay.Card{Number: secret.NewPAN(number)},
		})
		return ok
	}
	const stolen = "4242424242424242"
	for i := range 3 {
		if !try(fmt.Sprintf("192.0.2.%d", i), stolen) {
			t.Fatalf("attempt %d was refused", i)
		}
	}
	if try("192.0.2.99", stolen) {
		t.Error("a fourth attempt with one card, from a new address, was let through")
	}
	for i := range 3 {
		try("198.51.100.1", fmt.Sprintf("55555555555%05d", i))
	}
	if try("198.51.100.1", "5105105105105100") {
		t.Error("a fourth attempt from one address, with a new card, was let through")
	}
	for i := range 3*issuerFactor + 1 {
		if !try(fmt.Sprintf("203.0.113.%d", i), fmt.Sprintf("3566000000%06d", i)) {
			t.Fatalf("a popular issuer's customer %d was stopped", i)
		}
	}
	if !strings.Contains(out.String(), "one issuer") {
		t.Error("a burst of one issuer's cards raised no alert")
	}
	if strings.Contains(out.String(), "356600") {
		t.Errorf("digits of a card in the log: %s", out.String())
	}
	now = now.Add(AttemptWindow + time.Second)
	if !try("192.0.2.99", stolen) {
		t.Error("still refused after the window")
	}
}

func TestBrake_CountsSavedMethods(t *testing.T) {
	now := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	b := newBrake(2, ident.Random(), func() time.Time { return now }, slog.Default())
	r := httptest.NewRequest("POST", "/", nil)
	try := func(address, id string) bool {
		_, ok := b.allow(r, address, pay.MethodInput{Type: pay.MethodMobile, SavedID: id})
		return ok
	}
	for i := range 3 {
		if got := try(fmt.Sprintf("192.0.2.%d", i), "pm_one"); got != (i < 2) {
			t.Errorf("attempt %d with one saved method: let through %v", i+1, got)
		}
	}
	if !try("192.0.2.9", "pm_two") {
		t.Error("another saved method was stopped")
	}
}

func TestBrake_OffMeansOff(t *testing.T) {
	b := newBrake(0, ident.Random(), time.Now, slog.Default())
	r := httptest.NewRequest("POST", "/", nil)
	card := pay.MethodInput{Card: &pay.Card{Number: secret.NewPAN("4242424242424242")}}
	for range 100 {
		if _, ok := b.allow(r, "192.0.2.1", card); !ok {
			t.Fatal("a brake that is off braked")
		}
	}
}
