package payto

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
)

// The parts of the display names behind ordinary PayIDs.
var (
	givenNames = []string{
		"Mira", "Tom", "Aisha", "Noah", "Linh", "Grace", "Omar", "Ella", "Kofi", "Priya", "Luca",
		"Hana",
	}
	familyNames = []string{
		"Okafor", "Nguyen", "Walker", "Rossi", "Singh", "Murphy", "Haddad", "Chen", "Taylor",
		"Mensah", "Novak",
	}
	trades = []string{"Bakery", "Cycles", "Books", "Nursery", "Electrical", "Ceramics", "Surf Shop"}
)

// hash spreads names over a few choices, always the same way.
func hash(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}

// displayName is whom the network knows behind a PayID; "" behind an account, of which it does not
// say.
func displayName(id payid.ID) string {
	h := hash(id.PayID)
	switch {
	case id.Kind != payid.PayID:
		return ""
	case id.Type == payid.Org:
		return titled(id.PayID)
	case id.Type == payid.ABN:
		return familyNames[h%uint32(len(familyNames))] + " " +
			trades[h>>8%uint32(len(trades))] + " Pty Ltd"
	}
	return givenNames[h%uint32(len(givenNames))] + " " +
		familyNames[h>>8%uint32(len(familyNames))]
}

// titled begins every word with a capital.
func titled(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// Resolve asks whom a PayID belongs to. Of an account the network says whether its bank takes part.
func (n *Network) Resolve(
	ctx context.Context, sc pay.Scope, id payid.ID,
) (string, error) {
	if sc.Mode != pay.Test {
		return "", fmt.Errorf("%s resolves for test mode alone: %w", Name, errLive)
	}
	b, err := n.Behaviour(ctx, sc.MerchantID)
	switch {
	case err != nil:
		return "", err
	case b.Down || b.LoseReplies:
		return "", fmt.Errorf("%s: the directory does not answer: %w", Name, errSilent)
	}
	if problem := id.Validate(); problem != nil {
		return "", pay.BadParam(problem.Field, problem.Code, "%s", problem.Message)
	}
	return resolved(id)
}

// field is where the payer typed what names the bank.
func field(id payid.ID) string {
	if id.Kind == payid.PayID {
		return "payid"
	}
	return "bsb"
}

func resolved(id payid.ID) (string, error) {
	switch scenarioOf(pay.PaytoOf(id, "")).Code {
	case codeAliasUnknown:
		if id.Kind == payid.PayID {
			return "", pay.BadParam("payid", "payid_not_found",
				"This PayID belongs to nobody. Check it, or use BSB and account number.")
		}
	case codeAliasService:
		if id.Kind == payid.PayID {
			return "", pay.Errorf(pay.Unavailable, "payid_lookup_unavailable",
				"PayIDs cannot be looked up right now. Use BSB and account number, or try again.")
		}
	case codeNoBank:
		return "", pay.BadParam("bsb", "invalid_bsb", "No bank has this BSB. Check its six digits.")
	case codeNoPayTo:
		return "", pay.BadParam(field(id), "bank_not_supported",
			"This bank does not offer PayTo. Use an account at another bank.")
	}
	return displayName(id), nil
}
