package payid

import (
	"regexp"
	"strings"
)

// Lengths that the scheme allows.
const (
	maxEmail   = 256
	minOrg     = 2
	maxOrg     = 256
	bsbDigits  = 6
	maxAccount = 9
	acnDigits  = 9
	abnDigits  = 11
)

// The forms of the scheme.
var (
	phoneForm = regexp.MustCompile(`^\+[0-9]{1,3}-[1-9][0-9]{1,29}$`)
	emailForm = regexp.MustCompile(
		"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@" +
			`([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	orgForm = regexp.MustCompile(`^[!-@\[-~][ -@\[-~]{0,254}[!-@\[-~]$`)
)

// Problem is why a text names no account. Field is payid, bsb or account.
type Problem struct {
	Field   string
	Code    string
	Message string // a sentence for the payer
}

// The codes of problems.
const (
	Missing = "parameter_missing"
	Invalid = "invalid_payid"
	BadBSB  = "invalid_bsb"
	BadAcct = "invalid_account_number"
)

// Error returns the message.
func (p *Problem) Error() string { return p.Field + ": " + p.Message }

func wrong(message string) *Problem { return &Problem{"payid", Invalid, message} }

// Parse tells what kind of PayID a person typed and brings it to the form of the scheme.
func Parse(text string) (ID, *Problem) {
	text = strings.TrimSpace(text)
	if text == "" {
		return ID{}, &Problem{"payid", Missing, "Enter your PayID."}
	}
	if strings.Contains(text, "@") {
		return ParseAs(Email, text)
	}
	digits, numeric := squeeze(text)
	switch {
	case !numeric:
		return ParseAs(Org, text)
	case len(digits) == abnDigits && validABN(digits), len(digits) == acnDigits && validACN(digits):
		return ParseAs(ABN, text)
	}
	if id, problem := ParseAs(Phone, text); problem == nil {
		return id, nil
	}
	if len(digits) == abnDigits || len(digits) == acnDigits {
		return ParseAs(ABN, text)
	}
	return ID{}, wrong("Enter a phone number such as 0412 345 678, an email address, an ABN of " +
		"11 digits, or the name of an organisation.")
}

// ParseAs reads a PayID of which the payer has said what it is.
func ParseAs(t Type, text string) (ID, *Problem) {
	text = strings.TrimSpace(text)
	if text == "" {
		return ID{}, &Problem{"payid", Missing, "Enter your PayID."}
	}
	read, known := readers[t]
	if !known {
		return ID{}, wrong("A PayID is a phone number, an email address, an ABN or the name of an " +
			"organisation.")
	}
	value, problem := read(text)
	if problem != nil {
		return ID{}, problem
	}
	return ID{Kind: PayID, Type: t, PayID: value}, nil
}

var readers = map[Type]func(string) (string, *Problem){
	Phone: readPhone, Email: readEmail, ABN: readABN, Org: readOrg,
}

// readPhone takes +61 …, 61 …, 0… and the scheme's own form, with the usual separators.
func readPhone(text string) (string, *Problem) {
	if phoneForm.MatchString(text) && !strings.HasPrefix(text, "+61") {
		return text, nil // a foreign number, in the scheme's form
	}
	digits, ok := squeeze(text)
	if strings.HasPrefix(text, "+") && !strings.HasPrefix(digits, "61") {
		return "", wrong("Write a phone number from abroad with a hyphen after the country's code, " +
			"such as +64-211234567.")
	}
	switch {
	case len(digits) == 11 && strings.HasPrefix(digits, "61"):
		digits = digits[2:]
	case len(digits) == 12 && strings.HasPrefix(digits, "610"):
		digits = digits[3:]
	case len(digits) == 10 && digits[0] == '0':
		digits = digits[1:]
	default:
		ok = ok && len(digits) == 9 && digits[0] == '4'
	}
	if !ok || !strings.ContainsAny(digits[:1], "23478") {
		return "", wrong("The phone number must be Australian, such as 0412 345 678 or " +
			"+61 412 345 678.")
	}
	return "+61-" + digits, nil
}

func readEmail(text string) (string, *Problem) {
	text = lower(text)
	if len(text) > maxEmail || !emailForm.MatchString(text) {
		return "", wrong("The email address is not complete. It looks like name@example.com.")
	}
	return text, nil
}

func readABN(text string) (string, *Problem) {
	digits, ok := squeeze(text)
	switch {
	case ok && len(digits) == abnDigits && validABN(digits):
		return digits, nil
	case ok && len(digits) == acnDigits && validACN(digits):
		return digits, nil
	}
	return "", wrong("The number is no ABN of 11 digits and no ACN of 9: look for a digit that was " +
		"mistyped.")
}

func readOrg(text string) (string, *Problem) {
	text = lower(text)
	if len(text) < minOrg || len(text) > maxOrg || !orgForm.MatchString(text) {
		return "", wrong("The name of an organisation has 2 to 256 letters, digits and signs.")
	}
	if _, numeric := squeeze(text); numeric {
		return "", wrong("The name of an organisation has at least one letter.")
	}
	return text, nil
}

// ParseAccount reads a BSB and an account number as a person types them.
func ParseAccount(bsb, account string) (ID, *Problem) {
	b, ok := squeeze(strings.TrimSpace(bsb))
	switch {
	case strings.TrimSpace(bsb) == "":
		return ID{}, &Problem{"bsb", Missing, "Enter the BSB."}
	case !ok || len(b) != bsbDigits || zeros(b) || strings.Contains(bsb, "+"):
		return ID{}, &Problem{"bsb", BadBSB, "The BSB has six digits, such as 062-000."}
	}
	a, ok := squeeze(strings.TrimSpace(account))
	switch {
	case strings.TrimSpace(account) == "":
		return ID{}, &Problem{"account", Missing, "Enter the account number."}
	case !ok || len(a) == 0 || len(a) > maxAccount || strings.Contains(account, "+"):
		return ID{}, &Problem{"account", BadAcct, "The account number has 1 to 9 digits."}
	case zeros(a):
		return ID{}, &Problem{"account", BadAcct, "The account number cannot be all zeros."}
	}
	return ID{Kind: Account, BSB: b, Account: a}, nil
}

// Validate checks an ID that came from elsewhere: whether it is in the form that parsing gives.
func (id ID) Validate() *Problem {
	var again ID
	var problem *Problem
	switch id.Kind {
	case PayID:
		again, problem = ParseAs(id.Type, id.PayID)
	case Account:
		again, problem = ParseAccount(id.BSB, id.Account)
	default:
		problem = wrong("Name the account by a PayID, or by BSB and account number.")
	}
	if problem == nil && again != id {
		problem = wrong("The account is not named in the form of the scheme.")
	}
	return problem
}

// squeeze drops what people put between digits, and one plus sign in front. It reports whether
// nothing but digits was left.
func squeeze(text string) (string, bool) {
	text = strings.TrimPrefix(text, "+")
	digits := separators.Replace(text)
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", false
		}
	}
	return digits, digits != ""
}

var separators = strings.NewReplacer(" ", "", "\u00a0", "", "-", "", "(", "", ")", "", ".", "",
	"\u2011", "", "\u2013", "")

// lower changes A to Z alone: the scheme is ASCII, and what is not is refused as it stands.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func zeros(digits string) bool { return strings.Trim(digits, "0") == "" }
