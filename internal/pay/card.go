package pay

import (
	"time"

	"github.com/kassa-pay/kassa/internal/secret"
)

// Card is what a payer typed. It exists in memory for one attempt: the number goes to the rail
// alone, the security code is zeroed after it.
type Card struct {
	Number   secret.PAN
	CVC      secret.CVV
	ExpMonth int64
	ExpYear  int64 // four digits
	Name     string
}

// Limits of card fields.
const (
	minCardDigits = 12
	maxCardDigits = 19
	maxCardName   = 100
	maxCardYears  = 50 // how far ahead an expiry date may lie
)

// brand is a card scheme as its number and its lengths tell.
type brand struct {
	name     string
	from, to int // range of the first four digits
	lengths  []int
	cvc      int
}

// brands are the ranges of the schemes' published issuer numbers, by their first four digits; the
// first that matches wins.
var brands = []brand{
	{"amex", 3400, 3499, []int{15}, 4},
	{"amex", 3700, 3799, []int{15}, 4},
	{"diners", 3000, 3059, []int{14, 16, 17, 18, 19}, 3},
	{"diners", 3600, 3699, []int{14, 16, 17, 18, 19}, 3},
	{"diners", 3800, 3999, []int{14, 16, 17, 18, 19}, 3},
	{"jcb", 3528, 3589, []int{16, 17, 18, 19}, 3},
	{"visa", 4000, 4999, []int{13, 16, 19}, 3},
	{"verve", 5060, 5061, []int{16, 18, 19}, 3},
	{"mastercard", 5100, 5599, []int{16}, 3},
	{"discover", 6011, 6011, []int{16, 17, 18, 19}, 3},
	{"unionpay", 6200, 6299, []int{16, 17, 18, 19}, 3},
	{"discover", 6440, 6599, []int{16, 17, 18, 19}, 3},
	{"mastercard", 2221, 2720, []int{16}, 3},
}

// Brand returns the scheme a card number belongs to: visa, mastercard, amex, discover, diners, jcb,
// unionpay, verve, or "" when its first digits are nobody's.
func Brand(digits string) string {
	if b := brandOf(digits); b != nil {
		return b.name
	}
	return ""
}

func brandOf(digits string) *brand {
	if len(digits) < 4 {
		return nil
	}
	head := 0
	for _, c := range []byte(digits[:4]) {
		head = head*10 + int(c-'0')
	}
	for i := range brands {
		if head >= brands[i].from && head <= brands[i].to {
			return &brands[i]
		}
	}
	return nil
}

// luhn reports whether the digits end in the check digit of ISO/IEC 7812-1.
func luhn(digits string) bool {
	sum, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

// Validate checks the card before anything is written. prefix is put before the field's name in
// the error, such as "payment_method.".
func (c *Card) Validate(prefix string, now time.Time) error {
	digits := c.Number.Reveal()
	b := brandOf(digits)
	switch {
	case digits == "":
		return BadParam(prefix+"number", "parameter_missing", "Enter the card number.")
	case !allDigits(digits) || len(digits) < minCardDigits || len(digits) > maxCardDigits:
		return BadParam(prefix+"number", "invalid_number",
			"The card number must have %d to %d digits.", minCardDigits, maxCardDigits)
	case !luhn(digits):
		return BadParam(prefix+"number", "invalid_number",
			"The card number is not valid. Check it for a typing mistake.")
	case b == nil:
		return BadParam(prefix+"number", "brand_not_supported",
			"Cards of this kind are not accepted.")
	case !fits(b.lengths, len(digits)):
		return BadParam(prefix+"number", "invalid_number",
			"The card number is too short or too long.")
	}
	if err := c.ValidateExpiry(prefix, now); err != nil {
		return err
	}
	return c.validateRest(prefix, b)
}

// ValidateExpiry accepts a card through the last day of its month, anywhere on earth. prefix is as
// in Validate.
func (c *Card) ValidateExpiry(prefix string, now time.Time) error {
	switch {
	case c.ExpMonth < 1 || c.ExpMonth > 12:
		return BadParam(prefix+"exp_month", "invalid_expiry",
			"The expiry month must be a number from 1 to 12.")
	case c.ExpYear < 1000 || c.ExpYear > int64(now.Year()+maxCardYears):
		return BadParam(prefix+"exp_year", "invalid_expiry",
			"The expiry year must have four digits, such as %d.", now.Year()+1)
	}
	end := time.Date(int(c.ExpYear), time.Month(c.ExpMonth)+1, 1, 12, 0, 0, 0, time.UTC)
	if !now.Before(end) {
		return BadParam(prefix+"exp_year", "expired_card", "The card has expired.")
	}
	return nil
}

func (c *Card) validateRest(prefix string, b *brand) error {
	code := c.CVC.Reveal()
	switch {
	case len(code) == 0:
		return BadParam(prefix+"cvc", "parameter_missing", "Enter the security code.")
	case !allDigits(string(code)) || len(code) != b.cvc:
		return BadParam(prefix+"cvc", "invalid_cvc",
			"The security code must have %d digits.", b.cvc)
	case len(c.Name) > maxCardName:
		return BadParam(prefix+"name", "parameter_invalid",
			"The name must have at most %d characters.", maxCardName)
	}
	return nil
}

func fits(lengths []int, n int) bool {
	for _, l := range lengths {
		if l == n {
			return true
		}
	}
	return false
}

func allDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// purposeFingerprint separates the key that makes card fingerprints.
const purposeFingerprint = "card fingerprint"

func (s *Service) summary(c *Card) *CardSummary {
	digits := c.Number.Reveal()
	mac := s.vault.MAC(purposeFingerprint, digits)
	return &CardSummary{
		Brand: Brand(digits), Last4: digits[len(digits)-4:],
		ExpMonth: c.ExpMonth, ExpYear: c.ExpYear, Fingerprint: hexString(mac[:16]),
	}
}
