package hosted

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/pay"
)

// The names of the form's fields, which are also the ids of its inputs.
const (
	fieldMethod   = "method"
	fieldNonce    = "nonce"
	fieldNumber   = "number"
	fieldExpiry   = "expiry"
	fieldCVC      = "cvc"
	fieldHolder   = "holder"
	fieldPhone    = "phone"
	fieldProvider = "provider"
	fieldCode     = "code"
	fieldPayment  = "payment"
	fieldSaved    = "saved"    // the id of a saved method
	fieldSave     = "save"     // ticked: the method is to be kept
	fieldLanguage = "language" // that the form was shown in
)

// maxField bounds a field that is shown again, in bytes. It is more than the longest PayID, of 256,
// because one that was cut short would be another account's.
const maxField = 300

// form is what a form page shows again. The card number and the security code are not in it: they
// are never sent back.
type form struct {
	Method   string
	Expiry   string
	Holder   string
	Phone    string
	Provider string
	Account  account
	Saved    string // the chosen saved method
	Save     bool
	Problems []problem
}

// problem is one field that has to be corrected.
type problem struct {
	Field string
	Text  string // id of the message
}

// Problem returns the message of a field's problem, or "".
func (f form) Problem(field string) string {
	for _, p := range f.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

func (f *form) add(field, text string) {
	if f.Problem(field) == "" {
		f.Problems = append(f.Problems, problem{field, text})
	}
}

// fields are the decoded fields of a submitted form. Their values are parts of one buffer, so that
// wipe removes them all.
type fields struct {
	body   []byte
	values map[string][]byte
}

// readFields decodes a URL-encoded form in place. The decoder of net/url would leave the security
// code behind in strings, which nobody can clear.
func readFields(r *http.Request) (fields, error) {
	body := make([]byte, maxBody)
	n, err := io.ReadFull(r.Body, body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || err == nil:
		clear(body)
		return fields{}, pay.Errorf(pay.Forbidden, "body_too_large", "The form is too large.")
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		clear(body)
		return fields{}, pay.Errorf(pay.Forbidden, "body_unreadable", "The form ended early.")
	}
	return decodeFields(body[:n]), nil
}

// decodeFields reads application/x-www-form-urlencoded, WHATWG URL, section 5.1. The first of two
// fields with one name counts.
func decodeFields(body []byte) fields {
	f := fields{body: body, values: map[string][]byte{}}
	for len(body) > 0 {
		pair, rest, _ := bytes.Cut(body, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		key := string(unescape(name))
		if _, twice := f.values[key]; !twice {
			f.values[key] = unescape(value)
		}
		body = rest
	}
	return f
}

// unescape decodes in place and returns the shorter slice. What is no escape stays as it is.
func unescape(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(b) && hexDigit(b[i+1]) >= 0 && hexDigit(b[i+2]) >= 0:
			c = byte(hexDigit(b[i+1])<<4 | hexDigit(b[i+2]))
			i += 2
		}
		out = append(out, c)
	}
	return out
}

// hexDigit returns the value of a hexadecimal digit, or -1.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// wipe clears every byte of the form.
func (f fields) wipe() { clear(f.body) }

// text returns a field as a person typed it, without the white space around it.
func (f fields) text(name string) string {
	b := bytes.TrimSpace(f.values[name])
	return strings.ToValidUTF8(string(b[:min(len(b), maxField)]), "")
}

// compact returns a field of digits without what people put between them, as a copy of its own.
// Digits of other scripts become ASCII; whatever else stands there stays, to be refused.
func (f fields) compact(name string) []byte {
	value := f.values[name]
	out := make([]byte, 0, len(value))
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		if d, ok := digit(r); ok {
			out = append(out, d)
		} else if !strings.ContainsRune(between, r) {
			out = append(out, value[:size]...)
		}
		value = value[size:]
	}
	return out
}

// between are the characters people and other programs put between the digits of a card: spaces,
// hyphens and dashes, dots, and the marks of direction that come along when text is copied.
const between = " \t\u00a0\u2007\u2009\u202f-\u2010\u2011\u2012\u2013\u2212." +
	"\u200b\u200e\u200f\u2066\u2067\u2068\u2069\ufeff"

// zeros are the digits zero of the scripts whose keyboards type their own: Arabic, Persian,
// Devanagari, Bengali, and the wide forms.
var zeros = []rune{'0', '\u0660', '\u06f0', '\u0966', '\u09e6', '\uff10'}

func digit(r rune) (byte, bool) {
	for _, zero := range zeros {
		if r >= zero && r <= zero+9 {
			return byte('0' + r - zero), true
		}
	}
	return 0, false
}
