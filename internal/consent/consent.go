package consent

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Facts are what a payer is asked to agree to.
type Facts struct {
	Language string // BCP 47; a language without texts reads English
	Merchant string // as the payer knows it
	Currency string
	Amount   int64 // of the payment that is made now, in minor units; 0 when nothing is
	// Counted: the payment that is made now is the first of the charges.
	Counted  bool
	Terms    terms.Terms
	Schedule *terms.Schedule
}

// counted reports whether a payment is made now that is one of the charges.
func (f Facts) counted() bool { return f.Counted && f.Amount > 0 }

// Last reports whether a payment is made now that leaves nothing to charge.
func (f Facts) Last() bool {
	return f.counted() && f.Terms.SpentBy(terms.Use{Count: 1, Total: f.Amount})
}

// maxParts is how many parts of an installment mandate are listed one by one.
const maxParts = 12

// Words returns the agreement in sentences, one line each: how much, how often, until when, and how
// to stop it. They are never empty and never contain a line break.
func Words(f Facts) []string {
	w := writer{Facts: f, say: speak(f.Language)}
	w.Merchant = oneLine(f.Merchant, w.say.shop)
	if f.Last() {
		return []string{w.now(), w.say.onlyNow}
	}
	charges := []string{
		w.allowed(), w.parts(), w.weekend(), w.period(), w.dates(), w.first(),
	}
	if f.Schedule != nil {
		charges = []string{
			w.scheduled(), w.parts(), w.weekend(), w.time(), w.besides(), w.period(), w.first(),
			w.say.retry,
		}
	}
	all := slices.Concat([]string{w.now()}, charges,
		[]string{w.say.kept, w.open(), w.fill(w.say.stop)})
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// Saving returns the label of the box with which a payer lets a merchant keep the method they pay
// with.
func Saving(language, merchant string) string {
	say := speak(language)
	return fill(say.saving, "{who}", oneLine(merchant, say.shop))
}

// oneLine keeps a name from breaking the agreement into more lines than it has, and from turning
// what follows it round on the page.
func oneLine(name, otherwise string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, name)
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
func fill(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

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

// first says that the payment that is made now is one of the charges, where it is.
func (w writer) first() string {
	if !w.counted() {
		return ""
	}
	return w.say.countsNow
}

// scheduled says what will be charged without anybody asking.
func (w writer) scheduled() string {
	s := w.Schedule
	sum := w.money(s.Amount)
	if s.Amount == 0 {
		sum = w.say.nextPart
	}
	end := s.End
	if end.IsZero() {
		end = w.Terms.End
	}
	limits := w.limits()
	if w.onDemand() {
		limits = "" // they are for all charges together
	}
	return w.fill(w.say.will, "{sum}", sum, "{rhythm}", w.rhythm(s.Recurrence, s.Start),
		"{span}", w.span(s.Start, end), "{limits}", after(limits))
}

// onDemand reports whether the merchant may charge besides the schedule.
func (w writer) onDemand() bool {
	return w.Terms.Kind != terms.Scheduled && w.Terms.Kind != terms.Installment
}

// allowed says what may be charged where there is no schedule.
func (w writer) allowed() string {
	t := w.Terms
	rhythm := w.say.whenever
	if t.Recurrence != nil {
		rhythm = w.rhythm(*t.Recurrence, terms.Date{})
	}
	return w.fill(w.say.may, "{sum}", w.sum(), "{rhythm}", rhythm,
		"{span}", w.span(t.Start, t.End), "{limits}", after(w.limits()))
}

// besides says what the terms allow that the schedule does not ask for.
func (w writer) besides() string {
	t := w.Terms
	switch {
	case w.onDemand():
		together := ""
		if limits := w.limits(); limits != "" {
			together = w.fill(w.say.together, "{limits}", limits)
		}
		return w.fill(w.say.mayAlso, "{sum}", w.sum(), "{span}", w.span(t.Start, t.End),
			"{together}", together)
	case t.Amount.Exact > 0 || len(t.Items) > 0:
		return ""
	}
	return w.fill(w.say.varies, "{sum}", w.sum())
}

// sum says how much one charge may be.
func (w writer) sum() string {
	a := w.Terms.Amount
	switch {
	case len(w.Terms.Items) > 0:
		return w.fill(w.say.upTo, "{max}", w.money(slices.Max(w.Terms.Items)))
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
			"{n}", strconv.Itoa(len(items)))
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		list = append(list, w.money(item))
	}
	switch len(items) {
	case 0:
		return ""
	case 1:
		return w.fill(w.say.onePart, "{list}", w.list(list))
	}
	return w.fill(w.say.someParts, "{list}", w.list(list))
}

// limits says how often and how much in all.
func (w writer) limits() string {
	var list []string
	n := w.Terms.MaxCount
	if parts := int64(len(w.Terms.Items)); parts > 0 && (n == 0 || parts < n) {
		n = parts
	}
	if n > 0 {
		list = append(list, w.fill(w.say.atMost, "{what}", w.count(n, w.say.times)))
	}
	if sum := w.Terms.MaxTotal; sum > 0 {
		list = append(list, w.fill(w.say.inAll, "{max}", w.money(sum)))
	}
	if len(list) == 0 {
		return ""
	}
	return w.list(list)
}

// after sets off what is added to a sentence.
func after(addition string) string {
	if addition == "" {
		return ""
	}
	return ", " + addition
}

func (w writer) span(from, until terms.Date) string {
	var span []string
	if !from.IsZero() {
		span = append(span, w.fill(w.say.from, "{date}", w.date(from)))
	}
	if !until.IsZero() {
		span = append(span, w.fill(w.say.until, "{date}", w.date(until)))
	}
	return after(strings.Join(span, " "))
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
