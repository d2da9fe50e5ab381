package hosted

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/kassa-pay/kassa/internal/consent"
	"github.com/kassa-pay/kassa/internal/pay"
)

// methodSaved is the way to pay of a customer who comes back. It is none of the core's methods:
// each saved method is of one of those.
const methodSaved = "saved"

// maxSaved is how many saved methods are offered, the newest first.
const maxSaved = 8

// kept is a saved method as its owner knows it.
type kept struct {
	ID      string
	Type    string
	Name    string // "Visa •••• 4242", "MTN Mobile Money", "PayTo"
	Number  string // of a wallet or an account, masked
	Expiry  string // of a card, "04 / 29"
	Current bool
	Label   string // of the expiry date
}

func keptOf(m *pay.SavedMethod) kept {
	k := kept{ID: m.ID, Type: m.Type}
	if m.Card != nil {
		const century = 100
		k.Name = cardName(m.Card)
		k.Expiry = fmt.Sprintf("%02d / %02d", m.Card.ExpMonth, m.Card.ExpYear%century)
	}
	if m.Payto != nil {
		k.Name, k.Number = "PayTo", m.Payto.ID().Masked()
	}
	if m.Mobile != nil {
		k.Name, k.Number = networkName(m.Mobile.Provider), masked(m.Mobile.Phone)
	}
	return k
}

// Saved are the saved methods to choose from, with the form's choice or else the first.
func (p *page) Saved() []kept {
	all := make([]kept, min(len(p.saved), maxSaved))
	for i := range all {
		all[i] = keptOf(&p.saved[i])
		all[i].Current = all[i].ID == p.Form.Saved || p.Form.Saved == "" && i == 0
	}
	return all
}

// More returns a saved method with the word that its expiry date stands behind.
func (p *page) More(k kept) (kept, error) {
	var err error
	k.Label, err = p.T("expires")
	return k, err
}

// readSaved takes the choice of a saved method from a form.
func readSaved(f fields, v *pay.PageView) (pay.MethodInput, form) {
	shown := form{Method: methodSaved, Saved: f.text(fieldSaved)}
	for _, m := range v.Saved {
		if m.ID == shown.Saved {
			return pay.MethodInput{Type: m.Type, SavedID: m.ID}, shown
		}
	}
	text := "saved_missing"
	if shown.Saved != "" {
		text, shown.Saved = "saved_gone", ""
	}
	shown.add(fieldSaved, text)
	return pay.MethodInput{}, shown
}

// keepable are the methods that leave something to keep.
var keepable = []string{pay.MethodCard, pay.MethodMobile, pay.MethodPayTo}

// agree shows what the payer agrees to besides the payment: the words of a mandate, or that the
// method is kept.
func (p *page) agree(v *pay.PageView) {
	ses := &v.Session
	p.First = ses.Series == pay.SeriesFirst
	switch {
	case p.First:
		facts := pay.ConsentFacts(ses, p.method(), v.Merchant.Name, p.Lang)
		p.Agreement = readable(consent.Words(facts))
	case !slices.Contains(keepable, p.Form.Method):
		return // a transfer leaves nothing to keep, and what is kept is kept already
	case p.Verifies || ses.Offer.Save == pay.SaveAlways:
		p.Keeps = true
	case ses.Offer.Save == pay.SavePrompt:
		p.SaveLabel = readable([]string{consent.Saving(p.Lang, v.Merchant.Name)})[0]
	}
}

// method is the core's name for what the form is filled in for. Whoever pays the first session of a
// series by an agreement that is saved has given it in that session: its words were read before.
func (p *page) method() string {
	if p.Form.Method == methodSaved {
		return ""
	}
	return p.Form.Method
}

// readable takes from sentences what could turn a part of them round. A merchant's name is in them.
func readable(sentences []string) []string {
	out := make([]string, len(sentences))
	for i, s := range sentences {
		out[i] = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Bidi_Control, r) {
				return -1
			}
			return r
		}, s)
	}
	return out
}

// shownIn is the language that the form was shown in, so that the words of a consent are kept as
// they were read.
func (p *Pages) shownIn(r *http.Request, f fields) string {
	asked := f.text(fieldLanguage)
	for i := range p.catalogue.speech {
		if p.catalogue.speech[i].Lang == asked {
			return asked
		}
	}
	return p.catalogue.pick(r).Lang
}
