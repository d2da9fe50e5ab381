package secret_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/secret"
)

func TestMask_Persons(t *testing.T) {
	tests := []struct{ in, want string }{
		{"ama@shop.test", "****@shop.test"},
		{"to=ama.owusu+x@mail.shop.test, cc", "to=****@mail.shop.test, cc"},
		{"payid mira@example.com: not found", "payid ****@example.com: not found"},
		{"<éva@shop.test>", "<****@shop.test>"},
		{"a@b.test b@c.test", "****@b.test ****@c.test"},
		{"postgres://kassa:hunter2@db.shop.test/kassa", "postgres://kassa:****@db.shop.test/kassa"},

		{"+61-412345678", "****678"},
		{"+61412345678: no such PayID", "****678: no such PayID"},
		{"{Phone:+233201234567}", "{Phone:****567}"},
		{"phone 0412 345 678 rang", "phone ****678 rang"},
		{`{"phone":"0241234567"}`, `{"phone":"****567"}`},
		{"+61 (4) 1234-5678.", "****678."},
		{"0412345600 0498765421", "****421"},
		{"02 1234 5678", "****678"},

		{"at noon @ the shop", "at noon @ the shop"},
		{"example.org/x@v1.55.0/lib/x.go:12 +0x1d4", "example.org/x@v1.55.0/lib/x.go:12 +0x1d4"},
		{"2026-10-03T09:30:00.012345678+00:00", "2026-10-03T09:30:00.012345678+00:00"},
		{"took 0.0123456789s", "took 0.0123456789s"},
		{"pay_0123456789abcdefghjkmnpqrs", "pay_0123456789abcdefghjkmnpqrs"},
		{"order 1234567890", "order 1234567890"},
		{"00000000000000000000", "00000000000000000000"},
		{"GHS 1000.00", "GHS 1000.00"},
		{"192.0.2.10:443", "192.0.2.10:443"},
		{"port 08080", "port 08080"},
	}
	for _, tt := range tests {
		if got := secret.Mask(tt.in); got != tt.want {
			t.Errorf("Mask(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if once := secret.Mask(tt.in); secret.Mask(once) != once {
			t.Errorf("masking %q twice gives %q", tt.in, secret.Mask(once))
		}
	}
}

func TestMask_Tokens(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJwc18xIiwiZXhwIjoxfQ.c2lnbmF0dXJl"
	for in, want := range map[string]string{
		token:                           "eyJ****",
		"/embed/" + token + "/status":   "/embed/eyJ****",
		"client token " + token + " ok": "client token eyJ**** ok",
		"keyJob":                        "keyJob",
		"eyJ":                           "eyJ",
	} {
		if got := secret.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestHandler_HidesPersons holds that no line of the log has somebody's PayID, phone or account in
// full, in whichever way it came there.
func TestHandler_HidesPersons(t *testing.T) {
	for kind, open := range handlers {
		var buf bytes.Buffer
		log := slog.New(open(&buf))
		log.Info("the PayID mira@example.com is gone", "payid", "+61-412345678")
		log.Info("m", "bsb", "062-000", "account", "12345678", "client_token", "abc")
		log.Info("m", "of", struct{ Phone, Email string }{"0241234567", "ama@shop.test"})
		for _, full := range []string{"mira@", "412345678", "062-000", "12345678", "abc", "ama@",
			"0241234567"} {
			if strings.Contains(buf.String(), full) {
				t.Errorf("%s: %s is in %s", kind, full, buf.String())
			}
		}
	}
}
