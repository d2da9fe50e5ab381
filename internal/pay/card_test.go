package pay

import (
	"errors"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/secret"
)

func testCard(number, cvc string, month, year int64) *Card {
	return &Card{
		Number: secret.NewPAN(number), CVC: secret.NewCVV([]byte(cvc)),
		ExpMonth: month, ExpYear: year,
	}
}

func TestCardValidate_NamesTheField(t *testing.T) {
	now := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		card  *Card
		param string // "" for a good card
		code  string
	}{
		{"visa", testCard("4242 4242 4242 4242", "123", 12, 2030), "", ""},
		{"amex with four digits", testCard("378282246310005", "1234", 12, 2030), "", ""},
		{"amex with three", testCard("378282246310005", "123", 12, 2030), "p.cvc", "invalid_cvc"},
		{"last day of its month", testCard("4242424242424242", "123", 11, 2026), "", ""},
		{"month before", testCard("4242424242424242", "123", 10, 2026), "p.exp_year", "expired_card"},
		{"luhn", testCard("4242424242424241", "123", 12, 2030), "p.number", "invalid_number"},
		{"letters", testCard("4242x24242424242", "123", 12, 2030), "p.number", "invalid_number"},
		{"short", testCard("42424242", "123", 12, 2030), "p.number", "invalid_number"},
		{"empty", testCard("", "123", 12, 2030), "p.number", "parameter_missing"},
		{"unknown scheme", testCard("9999999999999995", "123", 12, 2030), "p.number",
			"brand_not_supported"},
		{"month 13", testCard("4242424242424242", "123", 13, 2030), "p.exp_month",
			"invalid_expiry"},
		{"two-digit year", testCard("4242424242424242", "123", 1, 30), "p.exp_year",
			"invalid_expiry"},
		{"far year", testCard("4242424242424242", "123", 1, 2099), "p.exp_year", "invalid_expiry"},
		{"no code", testCard("4242424242424242", "", 1, 2030), "p.cvc", "parameter_missing"},
	} {
		err := tc.card.Validate("p.", now)
		var e *Error
		switch {
		case tc.param == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.param != "" && (!errors.As(err, &e) || e.Param != tc.param || e.Code != tc.code):
			t.Errorf("%s: %v, want %s %s", tc.name, err, tc.param, tc.code)
		}
	}
}

func TestBrand_KnowsTheSchemes(t *testing.T) {
	for number, want := range map[string]string{
		"4242424242424242": "visa", "5555555555554444": "mastercard", "378282246310005": "amex",
		"6011111111111117": "discover", "3056930009020004": "diners", "3566002020360505": "jcb",
		"6200000000000005": "unionpay", "2223003122003222": "mastercard", "9999": "", "12": "",
	} {
		if got := Brand(number); got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
}
