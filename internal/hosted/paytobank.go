package hosted

import "strings"

// bank is a bank of Australia, and where a request to agree is usually found there. The words of
// Path are those on the bank's own buttons, so they are the same in every language. Banks rename
// their buttons: the page says "usually", and how to search.
type bank struct {
	Code, Name string
	App, Web   string   // how its customers call the two; "" where there is no request, or no name
	Path       string   // buttons that lead to the request; "" when they are not known
	Notice     bool     // the bank says that it sends a message about the request
	prefixes   []string // of its BSBs; the longest that fits decides
}

// banks are those a payer can choose from, the largest first and then by name. A bank that is not
// here has the words that are true of all. A path, a notice and a missing app are from help pages
// that the bank published for its customers (those of CommBank and NAB from those of a merchant);
// where a bank has published nothing, nothing is said.
var banks = []bank{
	{Code: "commbank", Name: "CommBank", App: "CommBank app", Web: "NetBank",
		Path: "Pay & transfer › PayTo agreements", prefixes: []string{"06", "76", "40"}},
	{Code: "westpac", Name: "Westpac", App: "Westpac app", Web: "Westpac Online Banking",
		Path: "Search › PayTo agreements", prefixes: []string{"03", "73"}},
	{Code: "nab", Name: "NAB", App: "NAB app", Web: "NAB Internet Banking",
		Path: "Payments › PayTo agreements", prefixes: []string{"08", "78"}},
	{Code: "anz", Name: "ANZ", App: "ANZ App", Web: "ANZ Internet Banking",
		Path: "Payments › PayTo", prefixes: []string{"01"}},
	{Code: "anzplus", Name: "ANZ Plus", App: "ANZ Plus app", prefixes: []string{"014111"}},
	{Code: "amp", Name: "AMP Bank", App: "AMP Bank app", prefixes: []string{"939"}},
	{Code: "bankaustralia", Name: "Bank Australia", App: "Bank Australia app",
		prefixes: []string{"31"}},
	{Code: "bom", Name: "Bank of Melbourne", App: "Bank of Melbourne app",
		prefixes: []string{"19", "55"}},
	{Code: "boq", Name: "Bank of Queensland", App: "BOQ app", prefixes: []string{"12"}},
	{Code: "banksa", Name: "BankSA", App: "BankSA app", prefixes: []string{"10"}},
	{Code: "bankwest", Name: "Bankwest", App: "Bankwest app",
		Web: "Bankwest Online Banking", prefixes: []string{"30"}},
	{Code: "bendigo", Name: "Bendigo Bank", App: "Bendigo Bank app", Web: "Bendigo e-banking",
		prefixes: []string{"633"}},
	{Code: "beyond", Name: "Beyond Bank", Web: "Beyond Bank Internet Banking",
		prefixes: []string{"325"}},
	{Code: "heritage", Name: "Heritage (People First Bank)", Path: "Menu › PayTo agreements",
		prefixes: []string{"638"}},
	{Code: "hsbc", Name: "HSBC", App: "HSBC Australia app", prefixes: []string{"34", "985"}},
	{Code: "ing", Name: "ING", App: "ING app", Web: "ING online banking",
		prefixes: []string{"923"}},
	{Code: "macquarie", Name: "Macquarie", App: "Macquarie Mobile Banking app",
		Web: "Macquarie Online Banking", Path: "Pay › Payment agreements", Notice: true,
		prefixes: []string{"18"}},
	{Code: "newcastle", Name: "Newcastle Permanent", App: "Newcastle Permanent app",
		prefixes: []string{"650"}},
	{Code: "stgeorge", Name: "St.George", App: "St.George app", Web: "St.George Internet Banking",
		prefixes: []string{"11", "33"}},
	{Code: "suncorp", Name: "Suncorp Bank", App: "Suncorp Bank App", Notice: true,
		prefixes: []string{"48"}},
	{Code: "ubank", Name: "ubank", App: "ubank app", prefixes: []string{"670864"}},
	{Code: "up", Name: "Up", App: "Up app", prefixes: []string{"633123"}},
}

// bankNamed returns the bank with this code; nil when there is none.
func bankNamed(code string) *bank {
	for i := range banks {
		if banks[i].Code == code {
			return &banks[i]
		}
	}
	return nil
}

// bankOf returns the bank that gave out a BSB; nil when it is none of ours.
func bankOf(bsb string) *bank {
	var found *bank
	longest := 0
	for i := range banks {
		for _, prefix := range banks[i].prefixes {
			if len(prefix) > longest && strings.HasPrefix(bsb, prefix) {
				found, longest = &banks[i], len(prefix)
			}
		}
	}
	return found
}
