package payid

import "strings"

const (
	home = "+61-"

	shown = 4 // digits of an account number
	dots  = "••••"
)

// Label is the account as its owner writes it: 0412 345 678, mira@example.com, 51 824 753 556,
// 062-000 12345678.
func (id ID) Label() string {
	switch {
	case id.Kind == Account:
		return bsbLabel(id.BSB) + " " + id.Account
	case id.Type == Phone:
		return phoneLabel(id.PayID)
	case id.Type == ABN:
		return grouped(id.PayID, len(id.PayID)%3)
	}
	return id.PayID
}

// Masked is the account as others may see it: 04xx xxx 678, m•••@example.com, 51 8xx xxx 556,
// bl•••, 062-000 ••••5678.
func (id ID) Masked() string {
	switch {
	case id.Kind == Account:
		return bsbLabel(id.BSB) + " " + maskAccount(id.Account)
	case id.Type == Phone:
		return maskDigits(phoneLabel(id.PayID), 2)
	case id.Type == ABN:
		return maskDigits(grouped(id.PayID, len(id.PayID)%3), 3)
	case id.Type == Email:
		name, domain, _ := strings.Cut(id.PayID, "@")
		return head(name, 1) + "•••@" + domain
	}
	return head(id.PayID, 2) + "•••"
}

// maskAccount shows the last digits, and never more than half of a short number.
func maskAccount(number string) string {
	n := min(shown, len(number)/2)
	return dots + number[len(number)-n:]
}

// maskDigits replaces the digits by x, all but the first few and the last three.
func maskDigits(label string, first int) string {
	const last = 3
	count := 0
	for _, r := range label {
		if isDigit(r) {
			count++
		}
	}
	i := 0
	return strings.Map(func(r rune) rune {
		if !isDigit(r) {
			return r
		}
		i++
		if i > first && i <= count-last {
			return 'x'
		}
		return r
	}, label)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func head(text string, n int) string { return text[:min(n, len(text))] }

func bsbLabel(bsb string) string {
	if len(bsb) != bsbDigits {
		return bsb
	}
	return bsb[:3] + "-" + bsb[3:]
}

// phoneLabel writes an Australian number in its local form, and another one as it is.
func phoneLabel(value string) string {
	local, ok := strings.CutPrefix(value, home)
	switch {
	case !ok || len(local) != 9:
		return value
	case local[0] == '4':
		return "0" + local[:3] + " " + local[3:6] + " " + local[6:]
	}
	return "0" + local[:1] + " " + local[1:5] + " " + local[5:]
}

// grouped writes digits in threes after a first group of its own length.
func grouped(digits string, first int) string {
	var out []string
	if first > 0 {
		out = append(out, digits[:first])
	}
	for i := first; i+3 <= len(digits); i += 3 {
		out = append(out, digits[i:i+3])
	}
	return strings.Join(out, " ")
}
