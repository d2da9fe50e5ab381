package consent

import (
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Facts are what a payer is asked to agree to.
type Facts struct {
	Language string // BCP 47; a language without texts reads English
	Merchant string // as the payer knows it
	Currency string
	Amount   int64 // of the payment that is made now, in minor units; 0 when nothing is
	Terms    terms.Terms
	Schedule *terms.Schedule
}

// maxParts is how many parts of an installment mandate are listed one by one.
const maxParts = 12

// Words returns the agreement in sentences, one line each: how much, how often, until when, and how
// to stop it. They are never empty and never contain a line break.
func Words(f Facts) []string {
	w := writer{Facts: f, say: speak(f.Language)}
	w.Merchant = oneLine(f.Merchant, w.say.shop)
	all := []string{w.now()}
	if f.Schedule != nil {
		all = append(all, w.scheduled())
	}
	all = append(all, w.allowed(), w.weekend(), w.period(), w.clock())
	if f.Schedule != nil {
		all = append(all, w.say.retry)
	}
	all = append(all, w.open(), w.fill(w.say.stop))
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// Saving returns the label of the box with which a payer lets a merchant keep the method they pay
// with.
func Saving(language, merchant string) string {
	say := speak(language)
	return fill(say.saving, "{who}", oneLine(merchant, say.shop))
}

// oneLine keeps a name from breaking the agreement into more lines than it has.
func oneLine(name, otherwise string) string {
	if name = strings.Join(strings.Fields(name), " "); name == "" {
		return otherwise
	}
	return name
}

// A writer turns facts into sentences of one language. Each method returns one of them, or "" when
// there is nothing to say.
type writer struct {
	Facts
	say *texts
}

// fill puts values into the places of a text. It goes over the text once, so that a value cannot
// name a place.
func fill(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

func (w writer) fill(text string, pairs ...string) string {
	return fill(text, append(pairs, "{who}", w.Merchant)...)
}

func (w writer) money(minor int64) string {
	return money.Amount{Minor: minor, Currency: w.Currency}.Format(w.say.tag)
}

func (w writer) now() string {
	if w.Amount == 0 {
		return w.say.nothingNow
	}
	return w.fill(w.say.payNow, "{amount}", w.money(w.Amount))
}

// scheduled says what will be charged without anybody asking.
func (w writer) scheduled() string {
	s := w.Schedule
	sum := w.money(s.Amount)
	if s.Amount == 0 {
		sum = w.parts()
	}
	start, end := s.Start, s.End
	if end.IsZero() {
		end = w.Terms.End
	}
	return w.fill(w.say.will, "{sum}", sum, "{rhythm}", w.rhythm(s.Recurrence, s.Start),
		"{span}", w.span(start, end), "{limits}", w.limits())
}

// allowed says what may be charged, unless the schedule has said it all.
func (w writer) allowed() string {
	t := w.Terms
	if w.Schedule == nil {
		rhythm := w.say.whenever
		if t.Recurrence != nil {
			rhythm = w.rhythm(*t.Recurrence, terms.Date{})
		}
		return w.fill(w.say.may, "{sum}", w.sum(), "{rhythm}", rhythm,
			"{span}", w.span(t.Start, t.End), "{limits}", w.limits())
	}
	fixed := t.Amount.Exact > 0 || len(t.Items) > 0
	switch {
	case t.Kind == terms.Scheduled && fixed || t.Kind == terms.Installment:
		return ""
	case t.Kind == terms.Scheduled:
		return w.fill(w.say.varies, "{sum}", w.sum())
	}
	return w.fill(w.say.mayAlso, "{sum}", w.sum(), "{span}", w.span(t.Start, t.End))
}

// sum says how much one charge may be.
func (w writer) sum() string {
	a := w.Terms.Amount
	switch {
	case len(w.Terms.Items) > 0:
		return w.parts()
	case a.Exact > 0:
		return w.money(a.Exact)
	case a.Min > 0 && a.Max > 0:
		return w.fill(w.say.between, "{min}", w.money(a.Min), "{max}", w.money(a.Max))
	case a.Max > 0:
		return w.fill(w.say.upTo, "{max}", w.money(a.Max))
	case a.Min > 0:
		return w.fill(w.say.orMore, "{min}", w.money(a.Min))
	}
	return w.say.anyAmount
}

// parts names the parts of an installment mandate, or their number and the largest.
func (w writer) parts() string {
	items := w.Terms.Items
	if len(items) > maxParts {
		return w.fill(w.say.manyParts, "{max}", w.money(slices.Max(items)),
			"{n}", w.count(int64(len(items)), w.say.part))
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		list = append(list, w.money(item))
	}
	return w.fill(w.say.someParts, "{list}", w.list(list),
		"{n}", w.count(int64(len(items)), w.say.part))
}

// limits says how often and how much in all.
func (w writer) limits() string {
	var list []string
	if n := w.Terms.MaxCount; n > 0 {
		list = append(list, w.fill(w.say.atMost, "{what}", w.count(n, w.say.times)))
	}
	if sum := w.Terms.MaxTotal; sum > 0 {
		list = append(list, w.fill(w.say.inAll, "{max}", w.money(sum)))
	}
	if len(list) == 0 {
		return ""
	}
	return ", " + w.list(list)
}

func (w writer) span(from, until terms.Date) string {
	var span string
	if !from.IsZero() {
		span = w.fill(w.say.from, "{date}", w.say.date(w.say, from))
	}
	if !until.IsZero() {
		span += w.fill(w.say.until, "{date}", w.say.date(w.say, until))
	}
	return span
}

// weekend says where a charge goes that would fall on one.
func (w writer) weekend() string {
	r := w.Terms.Recurrence
	if w.Schedule != nil {
		r = &w.Schedule.Recurrence
	}
	if r == nil || !r.NearestWeekday {
		return ""
	}
	return w.say.weekend
}

// open says that nothing but the payer ends it, where that is so.
func (w writer) open() string {
	t := w.Terms
	if !t.End.IsZero() || t.MaxCount > 0 || t.MaxTotal > 0 {
		return ""
	}
	return w.say.noEnd
}
