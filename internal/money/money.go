package money

import (
	"errors"
	"strconv"

	"github.com/bojanz/currency"
)

// Limits of one amount, in minor units.
const (
	MinMinor int64 = 1
	MaxMinor int64 = 1_000_000_000_000
)

// Errors of this package.
var (
	ErrCurrency = errors.New("not an ISO 4217 currency code")
	ErrRange    = errors.New("amount out of range")
	ErrMismatch = errors.New("amounts of different currencies")
)

// Amount is a sum of money: an integer number of the currency's minor units (pesewas, cents; whole
// yen) and the upper-case ISO 4217 code.
type Amount struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// New returns an amount a buyer can be asked to pay: 1 to 10^12 minor units of a known currency.
func New(minor int64, code string) (Amount, error) {
	if code == "" || !currency.IsValid(code) { // the library takes "" for "no currency"
		return Amount{}, ErrCurrency
	}
	if minor < MinMinor || minor > MaxMinor {
		return Amount{}, ErrRange
	}
	return Amount{Minor: minor, Currency: code}, nil
}

// Exponent returns how many decimals the currency has: 2 for GHS, 0 for JPY, 3 for KWD.
func Exponent(code string) (int, error) {
	digits, ok := currency.GetDigits(code)
	if !ok {
		return 0, ErrCurrency
	}
	return int(digits), nil
}

// Add returns a+b, or an error when the currencies differ or the sum leaves the range of an amount.
func (a Amount) Add(b Amount) (Amount, error) { return a.combine(b.Minor, b.Currency) }

// Sub returns a-b. The result may be zero, never negative.
func (a Amount) Sub(b Amount) (Amount, error) { return a.combine(-b.Minor, b.Currency) }

func (a Amount) combine(minor int64, code string) (Amount, error) {
	if a.Currency != code {
		return Amount{}, ErrMismatch
	}
	sum := a.Minor + minor // both are within ±10^12, so this cannot overflow
	if sum < 0 || sum > MaxMinor {
		return Amount{}, ErrRange
	}
	return Amount{Minor: sum, Currency: code}, nil
}

// Decimal returns the amount as a plain decimal with a point, such as "125.50" or "500" for yen.
func (a Amount) Decimal() string {
	exp, err := Exponent(a.Currency)
	digits := strconv.FormatInt(a.Minor, 10)
	if err != nil || exp == 0 {
		return digits
	}
	for len(digits) <= exp {
		digits = "0" + digits
	}
	return digits[:len(digits)-exp] + "." + digits[len(digits)-exp:]
}

// Format writes the amount for a reader of the given BCP 47 locale, with the ISO code as the
// symbol: "GHS 1,250.50".
func (a Amount) Format(locale string) string {
	amount, err := currency.NewAmount(a.Decimal(), a.Currency)
	if err != nil {
		return a.Currency + " " + a.Decimal()
	}
	f := currency.NewFormatter(currency.NewLocale(locale))
	f.CurrencyDisplay = currency.DisplayCode
	return f.Format(amount)
}

func (a Amount) String() string { return a.Currency + " " + a.Decimal() }
