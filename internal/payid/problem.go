package payid

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Problem is why a text names no account. Field is payid, bsb or account.
type Problem struct {
	Field   string
	Code    string // what a program is told: one of the codes
	Reason  Reason // what a person is told: one of the reasons
	Digits  int    // that were typed, where the reason is about their number
	Message string // the reason in a sentence of English
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

// Reason names exactly what is wrong with what was typed, so that it can be told in any language.
type Reason string

// The reasons. They begin with the field they are about.
const (
	PayIDMissing Reason = "payid_missing"
	NumberLength Reason = "payid_number_length" // neither a phone's nor a business's
	NumberTen    Reason = "payid_number_ten"    // it could have become either
	TypeUnknown  Reason = "payid_type_unknown"
	FormUnknown  Reason = "payid_form_unknown"

	MobileLength    Reason = "payid_mobile_length"
	MobileLocal     Reason = "payid_mobile_local" // counted without a zero in front
	PhoneLength     Reason = "payid_phone_length"
	PhoneArea       Reason = "payid_phone_area"
	PhoneAbroad     Reason = "payid_phone_abroad"
	PhoneCharacters Reason = "payid_phone_characters"

	EmailIncomplete Reason = "payid_email_incomplete"
	EmailTwice      Reason = "payid_email_twice"
	EmailSpace      Reason = "payid_email_space"
	EmailLong       Reason = "payid_email_long"
	EmailCharacters Reason = "payid_email_characters"

	ABNCheck      Reason = "payid_abn_check"
	ACNCheck      Reason = "payid_acn_check"
	ABNLength     Reason = "payid_abn_length"
	ABNCharacters Reason = "payid_abn_characters"

	OrgLength     Reason = "payid_org_length"
	OrgCharacters Reason = "payid_org_characters"
	OrgLetters    Reason = "payid_org_letters"

	BSBMissing    Reason = "bsb_missing"
	BSBLength     Reason = "bsb_length"
	BSBZero       Reason = "bsb_zero"
	BSBCharacters Reason = "bsb_characters"

	AccountMissing    Reason = "account_missing"
	AccountLength     Reason = "account_length"
	AccountZero       Reason = "account_zero"
	AccountCharacters Reason = "account_characters"
)

// sentences say every reason in English. The place {n} stands for the digits that were typed.
var sentences = map[Reason]string{
	PayIDMissing: "Enter your PayID.",
	NumberLength: "A phone number has 10 digits, an ABN has 11 and an ACN has 9; this has {n}.",
	NumberTen: "A phone number of 10 digits begins with 0, and an ABN has 11 digits: look for " +
		"what was mistyped.",
	TypeUnknown: "A PayID is a phone number, an email address, an ABN or the name of an " +
		"organisation.",
	FormUnknown: "The account is not named in the form of the scheme.",

	MobileLength: "An Australian mobile number has 10 digits; this has {n}.",
	MobileLocal:  "An Australian mobile number has 9 digits after +61 or 0; this has {n}.",
	PhoneLength: "An Australian phone number has 10 digits, with its area code; " +
		"this has {n}.",
	PhoneArea: "An Australian phone number begins with 02, 03, 04, 07 or 08.",
	PhoneAbroad: "Write a phone number from abroad with a hyphen after the country's code, " +
		"such as +64-211234567.",
	PhoneCharacters: "A phone number has digits only, such as 0412 345 678.",

	EmailIncomplete: "The email address is not complete. It looks like name@example.com.",
	EmailTwice:      "An email address has one @ only.",
	EmailSpace:      "An email address has no spaces.",
	EmailLong:       "An email address has at most 256 characters.",
	EmailCharacters: "A character in the email address cannot be there. It looks like " +
		"name@example.com.",

	ABNCheck: "This is no ABN: look for a digit that was mistyped.",
	ACNCheck: "This is no ACN, and a phone number has 10 digits: look for a digit that is missing " +
		"or was mistyped.",
	ABNLength:     "An ABN has 11 digits and an ACN has 9; this has {n}.",
	ABNCharacters: "An ABN has digits only, such as 51 824 753 556.",

	OrgLength: "The name of an organisation has 2 to 256 characters.",
	OrgCharacters: "The name of an organisation is written here with the letters a to z, digits " +
		"and signs.",
	OrgLetters: "The name of an organisation has at least one letter.",

	BSBMissing:    "Enter the BSB.",
	BSBLength:     "A BSB has 6 digits; this has {n}.",
	BSBZero:       "A BSB is not all zeros.",
	BSBCharacters: "A BSB has digits only, such as 062-000.",

	AccountMissing:    "Enter the account number.",
	AccountLength:     "An account number has at most 9 digits; this has {n}.",
	AccountZero:       "An account number is not all zeros.",
	AccountCharacters: "An account number has digits only.",
}

// Reasons lists what Parse and ParseAccount may say, for catalogues that are to be complete.
func Reasons() []Reason {
	all := slices.Sorted(maps.Keys(sentences))
	return slices.DeleteFunc(all, func(r Reason) bool { return slices.Contains(ofType, r) })
}

// ofType are the reasons that need a type which somebody else has told.
var ofType = []Reason{
	TypeUnknown, FormUnknown, PhoneCharacters, ABNLength, ABNCharacters, OrgLetters,
}

func wrong(r Reason) *Problem { return counted(r, 0) }

// counted makes the problem of a text with so many digits.
func counted(r Reason, digits int) *Problem {
	field, what, _ := strings.Cut(string(r), "_")
	code := map[string]string{"payid": Invalid, "bsb": BadBSB, "account": BadAcct}[field]
	if what == "missing" {
		code = Missing
	}
	message := strings.ReplaceAll(sentences[r], "{n}", strconv.Itoa(digits))
	return &Problem{Field: field, Code: code, Reason: r, Digits: digits, Message: message}
}
