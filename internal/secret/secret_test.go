package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/secret"
)

const (
	number = "4242424242424242"
	code   = "zyxwvuts" // no digits: those may stand in an address that fmt prints
	token  = "a-very-plain-word"
)

type holder struct {
	Number secret.PAN
	Code   secret.CVV
	Token  secret.String
}

type closed struct {
	number secret.PAN
	code   secret.CVV
	token  secret.String
}

func values() (secret.PAN, secret.CVV, secret.String) {
	return secret.NewPAN(number), secret.NewCVV([]byte(code)), secret.New(token)
}

// leaks reports whether text holds any of the three secrets, in decimal, hexadecimal, quoted or as
// a list of bytes.
func leaks(text string) bool {
	for _, s := range []string{number, code, token} {
		forms := []string{s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s), fmt.Sprint([]byte(s))}
		for _, form := range forms {
			if strings.Contains(text, strings.Trim(form, "[]")) {
				return true
			}
		}
	}
	return false
}

func TestFormat_EveryVerb(t *testing.T) {
	pan, cvv, str := values()
	wide := holder{pan, cvv, str}
	shut := closed{pan, cvv, str}
	things := []any{
		pan, cvv, str, &pan, &cvv, &str, wide, &wide, shut, &shut,
		[]secret.PAN{pan}, map[string]secret.CVV{"x": cvv}, []any{shut, &wide},
		map[secret.String]int{str: 1}, struct{ a any }{wide}, struct{ p *holder }{&wide},
	}
	flags := []string{"", "+", "#", " ", "0", "-", "40", ".30", "+#"}
	for _, thing := range things {
		for _, verb := range "vsqxXdboOcUteEfFgGTp" {
			for _, flag := range flags {
				format := "%" + flag + string(verb)
				if out := fmt.Sprintf(format, thing); leaks(out) {
					t.Errorf("%s of %T shows a secret: %s", format, thing, out)
				}
			}
		}
		if out := fmt.Sprint(thing) + fmt.Sprintln(thing); leaks(out) {
			t.Errorf("Sprint of %T shows a secret: %s", thing, out)
		}
	}
}

func TestEncoders(t *testing.T) {
	pan, cvv, str := values()
	h := holder{pan, cvv, str}
	got, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Number":"****4242","Code":"****","Token":"****"}`; string(got) != want {
		t.Errorf("json %s, want %s", got, want)
	}
	if got, err = json.Marshal(map[secret.PAN]int{pan: 1}); err != nil || leaks(string(got)) {
		t.Errorf("json map key %s %v", got, err)
	}
	if got, err = xml.Marshal(h); err != nil || leaks(string(got)) {
		t.Errorf("xml %s %v", got, err)
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(h); err == nil && leaks(buf.String()) {
		t.Errorf("gob %q", buf.String())
	}
	if str.GoString() != "****" || pan.GoString() != "****4242" || cvv.GoString() != "****" {
		t.Error("GoString shows too much")
	}
}

func TestLogValue(t *testing.T) {
	pan, cvv, str := values()
	for name, open := range handlers {
		var buf bytes.Buffer
		log := slog.New(open(&buf))
		log.Info("x", "pan", pan, "c", cvv, "s", str, "h", holder{pan, cvv, str},
			"k", closed{pan, cvv, str}, slog.Group("g", "p", &pan, "c", &cvv))
		if leaks(buf.String()) {
			t.Errorf("%s: %s", name, buf.String())
		}
	}
}

func TestPAN(t *testing.T) {
	tests := []struct{ in, reveal, last4, shown string }{
		{"4242 4242-4242 4242", number, "4242", "****4242"},
		{"378282246310005", "378282246310005", "0005", "****0005"},
		{"4222222222222", "4222222222222", "2222", "****2222"},
		{"123456789012", "123456789012", "", "****"},
		{"4242", "4242", "", "****"},
		{"", "", "", "****"},
	}
	for _, tt := range tests {
		p := secret.NewPAN(tt.in)
		if p.Reveal() != tt.reveal || p.Last4() != tt.last4 || p.String() != tt.shown {
			t.Errorf("%q: %q %q %q", tt.in, p.Reveal(), p.Last4(), p)
		}
		if p.IsZero() != (tt.in == "") {
			t.Errorf("%q: IsZero %v", tt.in, p.IsZero())
		}
	}
	if (secret.PAN{}).Reveal() != "" || !(secret.PAN{}).IsZero() {
		t.Error("the zero PAN is not empty")
	}
	if !secret.NewPAN(number).Equal(secret.NewPAN("4242 4242 4242 4242")) ||
		secret.NewPAN(number).Equal(secret.PAN{}) {
		t.Error("Equal")
	}
}

func TestCVV_Zero(t *testing.T) {
	b := append(make([]byte, 0, 2*len(code)), code...)
	c := secret.NewCVV(b)
	other := c
	view := c.Reveal()
	if string(view) != code || c.IsZero() {
		t.Fatalf("reveals %q", view)
	}
	c.Zero()
	if !bytes.Equal(b[:cap(b)], make([]byte, cap(b))) || !bytes.Equal(view, make([]byte, len(code))) {
		t.Errorf("bytes remain: %v %v", b[:cap(b)], view)
	}
	if !c.IsZero() || !other.IsZero() || len(other.Reveal()) != 0 {
		t.Error("a copy survives")
	}
	c.Zero()
	secret.CVV{}.Zero()
	if (secret.CVV{}).Reveal() != nil {
		t.Error("the zero CVV is not empty")
	}
}

func TestUnmarshalText(t *testing.T) {
	var h holder
	in := `{"Number":"4242 4242 4242 4242","Code":"` + code + `","Token":"` + token + `"}`
	if err := json.Unmarshal([]byte(in), &h); err != nil {
		t.Fatal(err)
	}
	if h.Number.Reveal() != number || string(h.Code.Reveal()) != code || h.Token.Reveal() != token {
		t.Errorf("%q %q %q", h.Number.Reveal(), h.Code.Reveal(), h.Token.Reveal())
	}
	src := []byte(code)
	var c secret.CVV
	if err := c.UnmarshalText(src); err != nil {
		t.Fatal(err)
	}
	clear(src)
	if string(c.Reveal()) != code {
		t.Error("the value shares the caller's bytes")
	}
}

func TestString(t *testing.T) {
	a := secret.New(token)
	if a.Reveal() != token || a.IsZero() || !a.Equal(secret.New(token)) {
		t.Error("New")
	}
	if a.Equal(secret.New(token+"x")) || a.Equal(secret.String{}) || !(secret.String{}).IsZero() {
		t.Error("Equal or IsZero")
	}
}
