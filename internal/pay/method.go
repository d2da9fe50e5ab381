package pay

import (
	"slices"
	"strings"
	"time"
)

// MethodInput is how a buyer wants to pay.
type MethodInput struct {
	Type   string
	Card   *Card        // for MethodCard
	Mobile *MobileInput // for MethodMobile
	Payto  *PaytoInput  // for MethodPayTo
	// SavedID, instead of all others, is a saved method of the session's customer.
	SavedID string
}

// MobileInput is a mobile-money wallet as the payer gave it. Provider may be empty: then the
// phone's prefix decides. The prefix is a hint alone, because numbers are ported.
type MobileInput struct {
	Phone    string
	Provider string
}

// network is a mobile-money network and the prefixes its numbers were first given.
type network struct {
	code     string
	prefixes []string
}

// networks are those of Ghana, from the provider's guide to mobile money.
var networks = []network{
	{"mtn", []string{"024", "054", "055", "059", "025", "053"}},
	{"telecel", []string{"020", "050"}},
	{"airteltigo", []string{"027", "057", "026", "056"}},
}

// Providers lists the mobile-money networks, in the order a payer chooses from.
func Providers() []string {
	out := make([]string, len(networks))
	for i, n := range networks {
		out[i] = n.code
	}
	return out
}

// ProviderOf guesses the network of a phone number from its prefix; "" when nobody has it.
func ProviderOf(phone string) string {
	local, ok := LocalPhone(phone)
	if !ok {
		return ""
	}
	for _, n := range networks {
		if slices.Contains(n.prefixes, local[:3]) {
			return n.code
		}
	}
	return ""
}

// LocalPhone brings a Ghanaian number to its local form, ten digits from 0. It takes +233…, 233…,
// 0… and nine digits without the 0, with spaces, hyphens and brackets.
func LocalPhone(phone string) (string, bool) {
	digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(phone)
	digits = strings.TrimPrefix(digits, "+")
	if rest, ok := strings.CutPrefix(digits, "233"); ok && len(digits) == 12 {
		digits = "0" + rest
	}
	if len(digits) == 9 && digits[0] != '0' {
		digits = "0" + digits
	}
	ok := len(digits) == 10 && digits[0] == '0' && digits[1] != '0' && allDigits(digits)
	return digits, ok
}

// resolve checks the wallet and completes it.
func (m *MobileInput) resolve(prefix string) (*Mobile, error) {
	if m == nil || strings.TrimSpace(m.Phone) == "" {
		return nil, BadParam(prefix+"phone", "parameter_missing", "Enter the mobile money number.")
	}
	local, ok := LocalPhone(m.Phone)
	if !ok {
		return nil, BadParam(prefix+"phone", "invalid_phone",
			"The phone number must be Ghanaian, such as 024 123 4567 or +233 24 123 4567.")
	}
	provider := m.Provider
	if provider == "" {
		provider = ProviderOf(local)
	}
	if provider == "" {
		return nil, BadParam(prefix+"provider", "parameter_missing",
			"The network cannot be told from the number. Name it: %s.",
			strings.Join(Providers(), ", "))
	}
	if !slices.Contains(Providers(), provider) {
		return nil, BadParam(prefix+"provider", "parameter_invalid",
			"%q is not a mobile money network. Known are: %s.", printable(provider),
			strings.Join(Providers(), ", "))
	}
	return &Mobile{Phone: local, Provider: provider}, nil
}

// fill checks the method and writes what may be kept of it on the payment, before anything is
// stored. prefix is put before the field's name in an error.
func (s *Service) fill(p *Payment, m MethodInput, prefix string, now time.Time) error {
	switch m.Type {
	case MethodCard:
		if m.Card == nil {
			return BadParam(prefix+"number", "parameter_missing", "Enter the card number.")
		}
		if err := m.Card.Validate(prefix, now); err != nil {
			return err
		}
		p.Card = s.summary(m.Card)
	case MethodMobile:
		mobile, err := m.Mobile.resolve(prefix)
		if err != nil {
			return err
		}
		p.Mobile = mobile
	}
	return nil
}
