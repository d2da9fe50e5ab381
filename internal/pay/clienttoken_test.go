package pay_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/paytest"
)

func TestClientToken_OpensItsSessionUntilADayAfterItsEnd(t *testing.T) {
	w := paytest.New(t)
	end := w.Clock.Now().Add(time.Hour)
	token := w.Pay.ClientToken("ps_1", end)
	if again := w.Pay.ClientToken("ps_1", end); again != token {
		t.Errorf("the second token differs: %s, %s", token, again)
	}
	if id, ok := w.Pay.ClientTokenSession(token); !ok || id != "ps_1" {
		t.Errorf("it opens %q, %v", id, ok)
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var claims map[string]any
	if err != nil || json.Unmarshal(text, &claims) != nil ||
		claims["sub"] != "ps_1" || claims["exp"] != float64(end.Unix()) {
		t.Errorf("it says %s", text)
	}
	w.Clock.Advance(time.Hour + 24*time.Hour - time.Second)
	if _, ok := w.Pay.ClientTokenSession(token); !ok {
		t.Error("within the day of grace it does not open")
	}
	w.Clock.Advance(time.Second)
	if _, ok := w.Pay.ClientTokenSession(token); ok {
		t.Error("it opens for ever")
	}
}

func TestClientToken_RefusesWhatIsNotOurs(t *testing.T) {
	w := paytest.New(t)
	token := w.Pay.ClientToken("ps_1", w.Clock.Now().Add(time.Hour))
	other := w.Pay.ClientToken("ps_2", w.Clock.Now().Add(time.Hour))
	parts, others := strings.Split(token, "."), strings.Split(other, ".")
	encode := base64.RawURLEncoding.EncodeToString
	last := token[:len(token)-1] + map[bool]string{true: "B", false: "A"}[token[len(token)-1] == 'A']
	for name, bad := range map[string]string{
		"nothing":           "",
		"a word":            "token",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        token + ".x",
		"no signature":      parts[0] + "." + parts[1] + ".",
		"another's claims":  parts[0] + "." + others[1] + "." + parts[2],
		"another algorithm": encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + ".",
		"another last bit":  last,
		"padded":            token + "=",
		"far too long":      token + strings.Repeat("x", 1000),
	} {
		if id, ok := w.Pay.ClientTokenSession(bad); ok {
			t.Errorf("%s opens %s", name, id)
		}
	}
}
