package npp

import "strings"

// Reason is why the platform, or a bank on it, said no.
type Reason struct {
	Code   string
	Title  string // as the platform spells it
	Detail string // a sentence for the merchant
	// Contexts are where it may appear, each a letter: see Context.
	Contexts string
	// Retry: the same payment may succeed later.
	Retry bool
}

// Context is where a reason appears.
type Context byte

// The contexts.
const (
	AgreementDeclined Context = 'D'
	AgreementChanged  Context = 'C' // suspended or cancelled
	PaymentRejected   Context = 'P'
	RefundRejected    Context = 'R'
)

// In reports whether the reason may appear there.
func (r Reason) In(c Context) bool { return strings.IndexByte(r.Contexts, byte(c)) >= 0 }

// Lookup returns the reason of a code. What the platform has added since is a reason without a
// title of its own.
func Lookup(code string) Reason {
	if r, ok := byCode[code]; ok {
		return r
	}
	return Reason{Code: code, Title: code, Detail: "The network gave no further explanation."}
}

// Known reports whether the vocabulary has the code.
func Known(code string) bool {
	_, ok := byCode[code]
	return ok
}

// Reasons lists the vocabulary in the order of the codes.
func Reasons() []Reason { return append([]Reason(nil), reasons...) }

var byCode = index()

func index() map[string]Reason {
	m := make(map[string]Reason, len(reasons))
	for _, r := range reasons {
		m[r.Code] = r
	}
	return m
}
