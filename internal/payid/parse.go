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
	localPhone = 9  // digits of an Australian phone number without the zero in front
	fullPhone  = 10 // and with it
)

// homeCode is the code of Australia as people dial it.
const homeCode = "+61"

// The forms of the scheme.
var (
	phoneForm = regexp.MustCompile(`^\+[0-9]{1,3}-[1-9][0-9]{1,29}$`)
	emailForm = regexp.MustCompile(
		"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@" +
			`([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	orgForm = regexp.MustCompile(`^[!-@\[-~][ -@\[-~]{0,254}[!-@\[-~]$`)
)

// Parse tells what kind of PayID a person typed and brings it to the form of the scheme.
func Parse(text string) (ID, *Problem) {
	text = strings.TrimSpace(text)
	if text == "" {
		return ID{}, wrong(PayIDMissing)
	}
	if strings.Contains(text, "@") {
		return ParseAs(Email, text)
	}
	if number, ok := named(text); ok {
		return ParseAs(ABN, number)
	}
	digits, numeric := squeeze(text)
	switch {
	case !numeric:
		return ParseAs(Org, text)
	case business(digits) == "" && text[0] != '+':
		return ParseAs(ABN, text)
	case dials(text, digits):
		return ParseAs(Phone, text)
	case len(digits) == abnDigits || len(digits) == acnDigits:
		return ParseAs(ABN, text)
	case len(digits) == fullPhone:
		return ID{}, wrong(NumberTen)
	}
	return ID{}, counted(NumberLength, len(digits))
}

// named takes the word off a business number that stands as on an invoice: ABN 51 824 753 556.
func named(text string) (number string, ok bool) {
	word, number, _ := strings.Cut(text, " ")
	switch strings.TrimSuffix(lower(word), ":") {
	case "abn", "acn", "arbn", "arsn":
		_, ok = squeeze(number)
	}
	return number, ok
}

// dials reports whether a number was meant to be a phone's, even if it is none.
func dials(text, digits string) bool {
	const least = 8 // digits of a phone number that one can see something to be missing from
	business := len(digits) == abnDigits || len(digits) == acnDigits
	switch {
	case strings.HasPrefix(text, "+"):
		return true
	case digits[0] == '0':
		return !business || areas(digits[1:])
	case strings.HasPrefix(digits, "61") && len(digits) > fullPhone:
		return areas(digits[2:]) || !business && areas(digits[3:])
	}
	return digits[0] == '4' && len(digits) >= least && len(digits) <= acnDigits
}

// areas reports whether a number without the zero in front begins as Australian phone numbers do.
func areas(digits string) bool { return digits != "" && strings.Contains("23478", digits[:1]) }

// ParseAs reads a PayID of which the payer has said what it is.
func ParseAs(t Type, text string) (ID, *Problem) {
	text = strings.TrimSpace(text)
	if text == "" {
		return ID{}, wrong(PayIDMissing)
	}
	read, known := readers[t]
	if !known {
		return ID{}, wrong(TypeUnknown)
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

// readPhone takes +61 …, 0061 …, 61 …, 0… and the scheme's own form, with the usual separators.
func readPhone(text string) (string, *Problem) {
	digits, ok := squeeze(text)
	switch {
	case phoneForm.MatchString(text) && !strings.HasPrefix(text, homeCode):
		return text, nil // a foreign number, in the scheme's form
	case !ok:
		return "", wrong(PhoneCharacters)
	case strings.HasPrefix(text, "+") && !strings.HasPrefix(digits, "61"):
		return "", wrong(PhoneAbroad)
	}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(digits, "61") && len(digits) > fullPhone {
		return homePhone(strings.TrimPrefix(digits[2:], "0"), 0)
	}
	if rest, abroad := strings.CutPrefix(digits, "0061"); abroad {
		return homePhone(strings.TrimPrefix(rest, "0"), 0)
	}
	if digits[0] == '0' {
		return homePhone(digits[1:], 1)
	}
	return homePhone(digits, 0)
}

// homePhone checks an Australian number without the zero in front, if there was one.
func homePhone(digits string, zero int) (string, *Problem) {
	switch {
	case !areas(digits):
		return "", wrong(PhoneArea)
	case len(digits) == localPhone:
		return home + digits, nil
	case digits[0] != '4':
		return "", counted(PhoneLength, len(digits)+1)
	case zero == 0:
		return "", counted(MobileLocal, len(digits))
	}
	return "", counted(MobileLength, len(digits)+zero)
}

func readEmail(text string) (string, *Problem) {
	text = lower(text)
	name, domain, _ := strings.Cut(text, "@")
	switch {
	case strings.Count(text, "@") > 1:
		return "", wrong(EmailTwice)
	case strings.ContainsAny(text, " \t"):
		return "", wrong(EmailSpace)
	case name == "" || !strings.Contains(strings.Trim(domain, "."), "."):
		return "", wrong(EmailIncomplete)
	case len(text) > maxEmail:
		return "", wrong(EmailLong)
	case !emailForm.MatchString(text):
		return "", wrong(EmailCharacters)
	}
	return text, nil
}

func readABN(text string) (string, *Problem) {
	digits, ok := squeeze(text)
	if !ok || text[0] == '+' {
		return "", wrong(ABNCharacters)
	}
	if reason := business(digits); reason != "" {
		return "", counted(reason, len(digits))
	}
	return digits, nil
}

// business says what is wrong with a business number; "" when nothing is.
func business(digits string) Reason {
	switch {
	case len(digits) == abnDigits && !validABN(digits):
		return ABNCheck
	case len(digits) == acnDigits && !validACN(digits):
		return ACNCheck
	case len(digits) != abnDigits && len(digits) != acnDigits:
		return ABNLength
	}
	return ""
}

func readOrg(text string) (string, *Problem) {
	text = lower(text)
	_, numeric := squeeze(text)
	switch {
	case numeric:
		return "", wrong(OrgLetters)
	case len(text) < minOrg || len(text) > maxOrg:
		return "", wrong(OrgLength)
	case !orgForm.MatchString(text):
		return "", wrong(OrgCharacters)
	}
	return text, nil
}

// ParseAccount reads a BSB and an account number as a person types them.
func ParseAccount(bsb, account string) (ID, *Problem) {
	b, problem := readBSB(strings.TrimSpace(bsb))
	if problem != nil {
		return ID{}, problem
	}
	a, problem := readAccount(strings.TrimSpace(account))
	if problem != nil {
		return ID{}, problem
	}
	return ID{Kind: Account, BSB: b, Account: a}, nil
}

func readBSB(text string) (string, *Problem) {
	digits, ok := squeeze(text)
	switch {
	case text == "":
		return "", wrong(BSBMissing)
	case !ok || strings.Contains(text, "+"):
		return "", wrong(BSBCharacters)
	case len(digits) != bsbDigits:
		return "", counted(BSBLength, len(digits))
	case zeros(digits):
		return "", wrong(BSBZero)
	}
	return digits, nil
}

func readAccount(text string) (string, *Problem) {
	digits, ok := squeeze(text)
	switch {
	case text == "":
		return "", wrong(AccountMissing)
	case !ok || strings.Contains(text, "+"):
		return "", wrong(AccountCharacters)
	case len(digits) > maxAccount:
		return "", counted(AccountLength, len(digits))
	case zeros(digits):
		return "", wrong(AccountZero)
	}
	return digits, nil
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
		problem = wrong(TypeUnknown)
	}
	if problem == nil && again != id {
		problem = wrong(FormUnknown)
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
