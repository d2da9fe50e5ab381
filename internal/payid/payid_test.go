package payid_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/payid"
)

func TestParse_ClassifiesWhatPeopleType(t *testing.T) {
	for _, test := range []struct {
		typed string
		kind  payid.Type
		value string
		label string
		mask  string
	}{
		{"0412 000 111", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{" 0412000111 ", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{"+61 412 000 111", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{"+61 (0)412-000-111", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{"+61-412000111", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{"0061 412 000 111", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{"61412000111", payid.Phone, "+61-412000111", "0412 000 111", "04xx xxx 111"},
		{"(02) 9374 4000", payid.Phone, "+61-293744000", "02 9374 4000", "02 xxxx x000"},
		{"+64-211234567", payid.Phone, "+64-211234567", "+64-211234567", "+64-xxxxxx567"},
		{"Mira.Okafor@Example.COM", payid.Email, "mira.okafor@example.com",
			"mira.okafor@example.com", "m•••@example.com"},
		{"51 824 753 556", payid.ABN, "51824753556", "51 824 753 556", "51 8xx xxx 556"},
		{"000 000 019", payid.ABN, "000000019", "000 000 019", "000 xxx 019"},
		{"ABN 51 824 753 556", payid.ABN, "51824753556", "51 824 753 556", "51 8xx xxx 556"},
		{"acn: 000 000 019", payid.ABN, "000000019", "000 000 019", "000 xxx 019"},
		{"abn bakery 51", payid.Org, "abn bakery 51", "abn bakery 51", "ab•••"},
		{"Bluegum Bakery Fremantle WA", payid.Org, "bluegum bakery fremantle wa",
			"bluegum bakery fremantle wa", "bl•••"},
	} {
		id, problem := payid.Parse(test.typed)
		if problem != nil {
			t.Errorf("%q: %v", test.typed, problem)
			continue
		}
		if id.Kind != payid.PayID || id.Type != test.kind || id.PayID != test.value {
			t.Errorf("%q is %+v", test.typed, id)
		}
		if id.Label() != test.label || id.Masked() != test.mask {
			t.Errorf("%q shows as %q, masked %q", test.typed, id.Label(), id.Masked())
		}
		if again := id.Validate(); again != nil {
			t.Errorf("%q: what was parsed is refused: %v", test.typed, again)
		}
	}
}

func TestParse_RefusesWhatNamesNoAccount(t *testing.T) {
	for typed, code := range map[string]string{
		"": payid.Missing, "   ": payid.Missing,
		"0412 000 11": payid.Invalid, "0512 000 111": payid.Invalid, "1300 123 456": payid.Invalid,
		"+1 650 253 0000": payid.Invalid, "12": payid.Invalid,
		"51 824 753 557": payid.Invalid, "00 000 000 000": payid.Invalid, "000 000 000": payid.Invalid,
		"mira@": payid.Invalid, "@example.com": payid.Invalid, "mira@example": payid.Invalid,
		"mira@@example.com": payid.Invalid, "mira okafor@example.com": payid.Invalid,
		"mira.@example.com": payid.Invalid, "mira@-example.com": payid.Invalid,
		"x": payid.Invalid, "bäckerei": payid.Invalid, "bakery\tx": payid.Invalid,
		strings.Repeat("a", 250) + "@example.com": payid.Invalid,
		strings.Repeat("a", 257):                  payid.Invalid,
	} {
		id, problem := payid.Parse(typed)
		if problem == nil {
			t.Errorf("%q is %+v", typed, id)
			continue
		}
		if problem.Code != code || problem.Field != "payid" || problem.Message == "" ||
			!strings.HasSuffix(problem.Error(), problem.Message) {
			t.Errorf("%q: %+v", typed, *problem)
		}
	}
}

// Each mistake is named, with the digits that were counted.
func TestParse_SaysWhatIsWrong(t *testing.T) {
	for typed, want := range map[string]string{
		"0412 000 11":     "An Australian mobile number has 10 digits; this has 9.",
		"0412 000 1111":   "An Australian mobile number has 10 digits; this has 11.",
		"+61 412 000 11":  "An Australian mobile number has 9 digits after +61 or 0; this has 8.",
		"+61 0412 000 11": "An Australian mobile number has 9 digits after +61 or 0; this has 8.",
		"412 000 11":      "An Australian mobile number has 9 digits after +61 or 0; this has 8.",
		"614120001111":    "An Australian mobile number has 9 digits after +61 or 0; this has 10.",
		"6104120001111":   "An Australian mobile number has 9 digits after +61 or 0; this has 10.",
		"(02) 9374 400":   "An Australian phone number has 10 digits, with its area code; this has 9.",
		"0512 000 111":    "An Australian phone number begins with 02, 03, 04, 07 or 08.",
		"0":               "An Australian phone number begins with 02, 03, 04, 07 or 08.",
		"+61":             "An Australian phone number begins with 02, 03, 04, 07 or 08.",
		"+1 650 253 0000": "such as +64-211234567.",
		"+51824753556":    "such as +64-211234567.",
		"1300 123 456":    "A phone number of 10 digits begins with 0",
		"51 824 753 55":   "A phone number of 10 digits begins with 0",
		"12":              "an ABN has 11 and an ACN has 9; this has 2.",
		"51 824 753 557":  "This is no ABN",
		"ABN 51824753557": "This is no ABN",
		"61 524 753 556":  "This is no ABN",
		"00 000 000 000":  "This is no ABN",
		"004 085 617":     "This is no ACN",
		"mira@":           "The email address is not complete.",
		"@example.com":    "The email address is not complete.",
		"mira@example":    "The email address is not complete.",
		"mira@example.":   "The email address is not complete.",
		"a@b@c.au":        "An email address has one @ only.",
		"mira o@c.au":     "An email address has no spaces.",
		"mïra@c.au":       "A character in the email address cannot be there.",
		strings.Repeat("a", 250) + "@example.com": "An email address has at most 256 characters.",
		"x":                      "The name of an organisation has 2 to 256 characters.",
		strings.Repeat("a", 257): "The name of an organisation has 2 to 256 characters.",
		"bäckerei":               "The name of an organisation is written here with",
	} {
		_, problem := payid.Parse(typed)
		if problem == nil || !strings.Contains(problem.Message, want) ||
			problem.Code != payid.Invalid || !slices.Contains(payid.Reasons(), problem.Reason) {
			t.Errorf("%q: %+v, want %q", typed, problem, want)
		}
	}
	for _, test := range []struct{ bsb, account, want string }{
		{"06200", "1", "A BSB has 6 digits; this has 5."},
		{"062-0000", "1", "A BSB has 6 digits; this has 7."},
		{"O62-000", "1", "A BSB has digits only"},
		{"000-000", "1", "A BSB is not all zeros."},
		{"062000", "1234567890", "An account number has at most 9 digits; this has 10."},
		{"062000", "000000", "An account number is not all zeros."},
		{"062000", "12 x", "An account number has digits only."},
	} {
		_, problem := payid.ParseAccount(test.bsb, test.account)
		if problem == nil || !strings.Contains(problem.Message, test.want) ||
			!slices.Contains(payid.Reasons(), problem.Reason) {
			t.Errorf("%q %q: %+v, want %q", test.bsb, test.account, problem, test.want)
		}
	}
}

// Reasons are about a field, and leave out what only a wrong type can be wrong about.
func TestReasons_AreThoseOfUntypedTexts(t *testing.T) {
	all := payid.Reasons()
	for _, r := range all {
		if field, _, _ := strings.Cut(string(r), "_"); field != "payid" && field != "bsb" &&
			field != "account" {
			t.Errorf("%s is about no field", r)
		}
	}
	for typed, as := range map[string]payid.Type{
		"x": "iban", "a@b.au": payid.Phone, "12": payid.ABN, "1x": payid.ABN, "123": payid.Org,
	} {
		_, problem := payid.ParseAs(as, typed)
		if problem == nil || problem.Message == "" || slices.Contains(all, problem.Reason) {
			t.Errorf("%q as %s: %+v", typed, as, problem)
		}
	}
}

func TestParseAs_HoldsThePayerToTheirWord(t *testing.T) {
	for kind, typed := range map[payid.Type]string{
		payid.Phone: "mira@example.com", payid.Email: "0412 000 111", payid.ABN: "0412 000 111",
		payid.Org: "0412 000 111", "iban": "x1",
	} {
		if id, problem := payid.ParseAs(kind, typed); problem == nil {
			t.Errorf("%q as %s is %+v", typed, kind, id)
		}
	}
	if _, problem := payid.ParseAs(payid.Phone, " "); problem == nil || problem.Code != payid.Missing {
		t.Errorf("nothing: %v", problem)
	}
	if id, problem := payid.ParseAs(payid.Phone, "412 000 111"); problem != nil {
		t.Errorf("a mobile number without its zero: %v", problem)
	} else if id.PayID != "+61-412000111" {
		t.Errorf("a mobile number without its zero is %+v", id)
	}
}

func TestParseAccount_ReadsBSBAndNumber(t *testing.T) {
	for _, test := range []struct{ bsb, account, label, mask string }{
		{"062-000", "1234 5678", "062-000 12345678", "062-000 ••••5678"},
		{" 062000 ", "5", "062-000 5", "062-000 ••••"},
		{"062 000", "123", "062-000 123", "062-000 ••••3"},
		{"062-000", "123-456-789", "062-000 123456789", "062-000 ••••6789"},
		{"062-000", "0001", "062-000 0001", "062-000 ••••01"},
	} {
		id, problem := payid.ParseAccount(test.bsb, test.account)
		if problem != nil {
			t.Errorf("%q %q: %v", test.bsb, test.account, problem)
			continue
		}
		if id.Kind != payid.Account || id.Label() != test.label || id.Masked() != test.mask {
			t.Errorf("%+v shows as %q, masked %q", id, id.Label(), id.Masked())
		}
		if again := id.Validate(); again != nil {
			t.Errorf("%+v is refused: %v", id, again)
		}
	}
	for _, test := range []struct{ bsb, account, field, code string }{
		{"", "12345678", "bsb", payid.Missing},
		{"06200", "12345678", "bsb", payid.BadBSB},
		{"06200x", "12345678", "bsb", payid.BadBSB},
		{"000-000", "12345678", "bsb", payid.BadBSB},
		{"+062000", "12345678", "bsb", payid.BadBSB},
		{"062-000", "", "account", payid.Missing},
		{"062-000", "1234567890", "account", payid.BadAcct},
		{"062-000", "000000", "account", payid.BadAcct},
		{"062-000", "12a", "account", payid.BadAcct},
		{"062-000", "-", "account", payid.BadAcct},
		{"062-000", "+12", "account", payid.BadAcct},
	} {
		id, problem := payid.ParseAccount(test.bsb, test.account)
		if problem == nil || problem.Field != test.field || problem.Code != test.code {
			t.Errorf("%q %q: %+v, %v", test.bsb, test.account, id, problem)
		}
	}
}

func TestValidate_RefusesWhatParsingDoesNotGive(t *testing.T) {
	for _, id := range []payid.ID{
		{}, {Kind: "iban"}, {Kind: payid.PayID, Type: payid.Phone, PayID: "0412000111"},
		{Kind: payid.PayID, Type: payid.Email, PayID: "Mira@example.com"},
		{Kind: payid.PayID, Type: payid.Email, PayID: "mira@example.com", BSB: "062000"},
		{Kind: payid.Account, BSB: "062-000", Account: "1"},
	} {
		if problem := id.Validate(); problem == nil {
			t.Errorf("%+v is taken", id)
		}
	}
}

// One wrong digit, or two neighbours that changed places, never make another valid number.
func TestChecksums_SeeWhatPeopleMistype(t *testing.T) {
	for _, number := range []string{"51824753556", "53004085616"} {
		if _, problem := payid.ParseAs(payid.ABN, number); problem != nil {
			t.Fatalf("%s: %v", number, problem)
		}
		for i := range number {
			for digit := byte('0'); digit <= '9'; digit++ {
				mistyped := number[:i] + string(digit) + number[i+1:]
				if _, problem := payid.ParseAs(payid.ABN, mistyped); (problem == nil) !=
					(mistyped == number) {
					t.Errorf("%s for %s: %v", mistyped, number, problem)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"0412 000 111", "+61-412000111", "mira@example.com", "51 824 753 556", "bakery", "ſ@ſ.ſ", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		id, problem := payid.Parse(typed)
		if (problem == nil) != (id != payid.ID{}) {
			t.Fatalf("%q: %+v, %v", typed, id, problem)
		}
		if problem != nil {
			return
		}
		again, problem := payid.Parse(id.PayID)
		if problem != nil || again != id {
			t.Errorf("%q is %+v, and that is %+v, %v", typed, id, again, problem)
		}
		if problem := id.Validate(); problem != nil {
			t.Errorf("%q is %+v, which is refused: %v", typed, id, problem)
		}
		if label := id.Label(); label == "" || len(id.Masked()) == 0 {
			t.Errorf("%q is %+v, which shows as %q and %q", typed, id, label, id.Masked())
		}
	})
}
