package hosted

import (
	"bytes"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDecodeFields holds the decoder against the one of net/url, where that one does not refuse.
func TestDecodeFields(t *testing.T) {
	for _, body := range []string{
		"", "a=1", "a=1&b=2", "a=1&a=2", "a=%41%4a%4A+x", "a", "a=&b", "=x&a=1", "a=1=2", "&&a=1&",
		"n%61me=v%26w", "a=%00", "a=" + url.QueryEscape("é日\U0001f600"),
	} {
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		got := decodeFields([]byte(body))
		for name, values := range want {
			if string(got.values[name]) != values[0] {
				t.Errorf("%q: %s is %q, want %q", body, name, got.values[name], values[0])
			}
		}
		for name := range got.values {
			if _, ok := want[name]; !ok && name != "" {
				t.Errorf("%q: %q came from nowhere", body, name)
			}
		}
	}
	for body, want := range map[string]string{"a=%": "%", "a=%4": "%4", "a=%zz1": "%zz1"} {
		if got := decodeFields([]byte(body)); string(got.values["a"]) != want {
			t.Errorf("%q: %q, want %q", body, got.values["a"], want)
		}
	}
}

func FuzzDecodeFields(f *testing.F) {
	f.Add("number=4242&cvc=123&name=%C3%A9")
	f.Add("a=%&b=%1&=&&")
	f.Fuzz(func(t *testing.T, body string) {
		got := decodeFields([]byte(body))
		want, err := url.ParseQuery(body)
		if err != nil {
			return // bad escapes and semicolons, which we keep as they are
		}
		for name, values := range want {
			if string(got.values[name]) != values[0] {
				t.Errorf("%s is %q, want %q", name, got.values[name], values[0])
			}
		}
	})
}

func TestWipe(t *testing.T) {
	r := httptest.NewRequest("POST", "/", strings.NewReader("cvc=98%37&number=4242"))
	f, err := readFields(r)
	if err != nil {
		t.Fatal(err)
	}
	code := f.values["cvc"]
	if string(code) != "987" {
		t.Fatalf("read %q", code)
	}
	f.wipe()
	if len(bytes.Trim(f.body, "\x00")) != 0 || len(bytes.Trim(code, "\x00")) != 0 {
		t.Errorf("left behind: %q", f.body)
	}
}

func TestCompact(t *testing.T) {
	for in, want := range map[string]string{
		"4242 4242":             "42424242",
		"4242-4242":             "42424242",
		"4242\u00a04242\u202f1": "424242421",
		"\u200e4242\u2013":      "4242",
		"٤٢٤٢ ۴۲":               "424242",
		"４２４２":                  "4242",
		"42x42":                 "42x42",
		"\xff1":                 "\xff1",
	} {
		f := decodeFields([]byte("n=" + url.QueryEscape(in)))
		if got := string(f.compact("n")); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestExpiry(t *testing.T) {
	for in, want := range map[string][2]int64{
		"12/34": {12, 2034}, "12 / 34": {12, 2034}, "1234": {12, 2034}, "122034": {12, 2034},
		"4/29": {4, 2029}, "04-2029": {4, 2029}, "04.29": {4, 2029}, "04 29": {4, 2029},
		"2029-04": {4, 2029}, "2029/4": {4, 2029}, "٠٤/٢٩": {4, 2029}, "/04/29/": {4, 2029},
		"04\u00a0/\u00a029": {4, 2029},
	} {
		month, year, ok := expiry(in)
		if !ok || month != want[0] || year != want[1] {
			t.Errorf("%q: %d/%d %v, want %v", in, month, year, ok, want)
		}
	}
	for _, in := range []string{
		"", "1", "12", "123", "12345", "1234567", "13/29", "00/29", "0029", "April 29", "04/2",
		"04/029", "04/29/01", "99999999999999999999/29", "2029-13", "04/2029x", "-", "/",
	} {
		if month, year, ok := expiry(in); ok {
			t.Errorf("%q was read as %d/%d", in, month, year)
		}
	}
}

// TestReadCard: every mistake is named at its field, all of them at once.
func TestReadCard(t *testing.T) {
	now := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	type wrong map[string]string
	for name, c := range map[string]struct {
		change url.Values
		want   wrong
	}{
		"good": {nil, wrong{}},
		"empty": {url.Values{fieldNumber: {""}, fieldExpiry: {" "}, fieldCVC: {""}}, wrong{
			fieldNumber: "number_missing", fieldExpiry: "expiry_missing", fieldCVC: "cvc_missing"}},
		"mistyped": {url.Values{fieldNumber: {"4242 4242 4242 4241"}},
			wrong{fieldNumber: "number_invalid"}},
		"mistyped, and more": {url.Values{
			fieldNumber: {"4242 4242 4242 4241"}, fieldExpiry: {"13/29"}, fieldCVC: {"12x"}},
			wrong{fieldNumber: "number_invalid", fieldExpiry: "expiry_invalid",
				fieldCVC: "cvc_invalid"}},
		"mistyped, and out of date": {url.Values{
			fieldNumber: {"4242 4242 4242 4241"}, fieldExpiry: {"09/26"}, fieldCVC: {""}},
			wrong{fieldNumber: "number_invalid", fieldExpiry: "expiry_past",
				fieldCVC: "cvc_missing"}},
		"letters":    {url.Values{fieldNumber: {"my card"}}, wrong{fieldNumber: "number_invalid"}},
		"short":      {url.Values{fieldNumber: {"4242"}}, wrong{fieldNumber: "number_invalid"}},
		"no brand":   {url.Values{fieldNumber: {"9999999999999995"}}, wrong{fieldNumber: "number_brand"}},
		"expired":    {url.Values{fieldExpiry: {"09/26"}}, wrong{fieldExpiry: "expiry_past"}},
		"this month": {url.Values{fieldExpiry: {"10/26"}}, wrong{}},
		"far ahead":  {url.Values{fieldExpiry: {"10/2099"}}, wrong{fieldExpiry: "expiry_invalid"}},
		"amex with three": {url.Values{fieldNumber: {"378282246310005"}},
			wrong{fieldCVC: "cvc_length"}},
		"amex": {url.Values{fieldNumber: {"378282246310005"}, fieldCVC: {"1234"}}, wrong{}},
		"long name": {url.Values{fieldHolder: {strings.Repeat("x", 101)}},
			wrong{fieldHolder: "holder_long"}},
	} {
		form := goodCard()
		for field, values := range c.change {
			form[field] = values
		}
		_, shown := readCard(decodeFields([]byte(form.Encode())), now)
		if len(shown.Problems) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, shown.Problems, c.want)
		}
		for field, text := range c.want {
			if got := shown.Problem(field); got != text {
				t.Errorf("%s: %s: %q, want %q", name, field, got, text)
			}
		}
		at := -1
		for _, p := range shown.Problems {
			before := at
			if at = slices.Index(cardFields, p.Field); at <= before {
				t.Errorf("%s: not in the order of the page: %v", name, shown.Problems)
			}
		}
	}
}
