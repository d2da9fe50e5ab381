package hosted

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

// Bounds of card fields that are checked here, so that all mistakes are shown at once. The core
// checks them again, and more.
const (
	minCardDigits = 12
	maxCardDigits = 19
	minCodeDigits = 3
	maxCodeDigits = 4
	thisCentury   = 2000
)

// cardFields are the fields as they stand on the page.
var cardFields = []string{fieldNumber, fieldExpiry, fieldCVC, fieldHolder}

// paramPrefix stands before the names of card fields in the core's errors.
const paramPrefix = "payment_method."

// readCard takes a card from a form and says what is wrong with it, field by field.
func readCard(f fields, now time.Time) (*pay.Card, form) {
	shown := form{
		Method: pay.MethodCard, Expiry: f.text(fieldExpiry), Holder: f.text(fieldHolder),
	}
	card := &pay.Card{Name: shown.Holder, CVC: secret.NewCVV(f.compact(fieldCVC))}
	number := f.compact(fieldNumber)
	card.Number = secret.NewPAN(string(number))
	clear(number)

	checkNumber(&shown, card.Number.Reveal())
	var ok bool
	if card.ExpMonth, card.ExpYear, ok = expiry(shown.Expiry); shown.Expiry == "" {
		shown.add(fieldExpiry, "expiry_missing")
	} else if !ok {
		shown.add(fieldExpiry, "expiry_invalid")
	}
	checkCode(&shown, card.CVC.Reveal())
	if shown.Problem(fieldNumber) == "" {
		shown.addError(card.Validate(paramPrefix, now))
	}
	shown.addError(card.ValidateExpiry(paramPrefix, now)) // whatever is wrong besides
	slices.SortStableFunc(shown.Problems, func(a, b problem) int {
		return slices.Index(cardFields, a.Field) - slices.Index(cardFields, b.Field)
	})
	return card, shown
}

func checkNumber(f *form, digits string) {
	switch {
	case digits == "":
		f.add(fieldNumber, "number_missing")
	case strings.Trim(digits, "0123456789") != "",
		len(digits) < minCardDigits, len(digits) > maxCardDigits:
		f.add(fieldNumber, "number_invalid")
	}
}

func checkCode(f *form, code []byte) {
	switch {
	case len(code) == 0:
		f.add(fieldCVC, "cvc_missing")
	case len(code) < minCodeDigits, len(code) > maxCodeDigits, !digitsOnly(code):
		f.add(fieldCVC, "cvc_invalid")
	}
}

func digitsOnly(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// complaints maps the core's errors about a payment method to messages; code "" is any other.
var complaints = []struct{ param, code, field, text string }{
	{"number", "parameter_missing", fieldNumber, "number_missing"},
	{"number", "brand_not_supported", fieldNumber, "number_brand"},
	{"number", "", fieldNumber, "number_invalid"},
	{"exp_month", "", fieldExpiry, "expiry_invalid"},
	{"exp_year", "expired_card", fieldExpiry, "expiry_past"},
	{"exp_year", "", fieldExpiry, "expiry_invalid"},
	{"cvc", "parameter_missing", fieldCVC, "cvc_missing"},
	{"cvc", "", fieldCVC, "cvc_length"},
	{"name", "", fieldHolder, "holder_long"},
	{"phone", "parameter_missing", fieldPhone, "phone_missing"},
	{"phone", "", fieldPhone, "phone_invalid"},
	{"provider", "", fieldProvider, "provider_missing"},
	{"id", "", fieldSaved, "saved_gone"},
	{"payid", "parameter_missing", fieldPayID, "payid_missing"},
	{"payid", "payid_not_found", fieldPayID, "payid_unknown"},
	{"payid", "bank_not_supported", fieldPayID, "account_unsupported"},
	{"payid", "", fieldPayID, "payid_invalid"},
	{"bsb", "parameter_missing", fieldBSB, "bsb_missing"},
	{"bsb", "bank_not_supported", fieldBSB, "account_unsupported"},
	{"bsb", "", fieldBSB, "bsb_unknown"},
	{"account", "parameter_missing", fieldAccount, "account_missing"},
	{"account", "bank_not_supported", fieldAccount, "account_unsupported"},
	{"account", "", fieldAccount, "account_invalid"},
	{"type", "", fieldMethod, "method_unavailable"},
}

// addError adds the problem that the core found. It reports false for an error that is about no
// field of the form.
func (f *form) addError(err error) bool {
	var e *pay.Error
	if !errors.As(err, &e) || e.Kind != pay.Invalid {
		return false
	}
	param := strings.TrimPrefix(e.Param, paramPrefix)
	for _, c := range complaints {
		if c.param == param && (c.code == e.Code || c.code == "") {
			f.add(c.field, c.text)
			return true
		}
	}
	return false
}

// expiry reads an expiry date in the ways people and browsers write it: 04/29, 04 / 2029, 0429,
// 4-29, 2029-04.
func expiry(s string) (month, year int64, ok bool) {
	runs, ok := digitRuns(s)
	if !ok {
		return 0, 0, false
	}
	if len(runs) == 1 && (len(runs[0]) == 4 || len(runs[0]) == 6) {
		runs = []string{runs[0][:2], runs[0][2:]}
	}
	if len(runs) != 2 {
		return 0, 0, false
	}
	if len(runs[0]) == 4 {
		runs[0], runs[1] = runs[1], runs[0]
	}
	if len(runs[0]) > 2 || len(runs[1]) != 2 && len(runs[1]) != 4 {
		return 0, 0, false
	}
	month, _ = strconv.ParseInt(runs[0], 10, 64)
	year, _ = strconv.ParseInt(runs[1], 10, 64)
	if len(runs[1]) == 2 {
		year += thisCentury
	}
	return month, year, month >= 1 && month <= 12
}

// digitRuns splits a text into its runs of digits. A letter makes it no date.
func digitRuns(s string) (runs []string, ok bool) {
	var run []byte
	for _, r := range s + "/" {
		if d, isDigit := digit(r); isDigit {
			run = append(run, d)
			continue
		}
		if !strings.ContainsRune(between+"/\\", r) {
			return nil, false
		}
		if len(run) > 0 {
			runs, run = append(runs, string(run)), nil
		}
	}
	return runs, true
}
