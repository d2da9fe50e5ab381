package payid

// Kind says how an account is named.
type Kind string

// The kinds.
const (
	PayID   Kind = "payid"
	Account Kind = "account"
)

// Type says what a PayID is.
type Type string

// The types of PayID.
const (
	Phone Type = "phone"
	Email Type = "email"
	ABN   Type = "abn" // a business or company number: ABN, ACN, ARBN or ARSN
	Org   Type = "org" // a name that an organisation chose
)

// ID names an account in the form that the network compares. Made by Parse, ParseAs or
// ParseAccount.
type ID struct {
	Kind    Kind
	Type    Type   // of PayID
	PayID   string // of PayID: +61-411222333, mira@example.com, 51824753556, bluegum bakery
	BSB     string // of Account: six digits
	Account string // of Account: digits
}
