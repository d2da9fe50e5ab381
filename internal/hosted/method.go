package hosted

import (
	"net/http"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// choice is one of several ways to pay.
type choice struct {
	Method  string
	URL     string // of the page with this method's form
	Current bool
}

// chosen is the method whose form is shown: the one the buyer asked for, else the one tried last,
// else what the buyer has saved, else the first. Whoever gave up something other than a card wants
// another method.
func chosen(r *http.Request, v *pay.PageView) string {
	ways := waysOf(v)
	if asked := r.URL.Query().Get(fieldMethod); slices.Contains(ways, asked) {
		return asked
	}
	last := v.Payment
	if last == nil || !slices.Contains(ways, wayTried(last)) {
		return ways[0]
	}
	if last.State == pay.PaymentCanceled && last.Method != pay.MethodCard {
		for _, m := range ways {
			if m != wayTried(last) {
				return m
			}
		}
	}
	return wayTried(last)
}

// waysOf are the ways to pay a session, what the buyer has saved first.
func waysOf(v *pay.PageView) []string {
	if len(v.Saved) == 0 {
		return v.Methods
	}
	return slices.Concat([]string{methodSaved}, v.Methods)
}

// wayTried is the way an attempt was made by.
func wayTried(p *pay.Payment) string {
	if p.MethodID != "" && !p.Keep {
		return methodSaved
	}
	return p.Method
}

// offer makes the page the form of one method, with the ways to the others.
func (p *page) offer(v *pay.PageView, method string) {
	p.Form.Method, p.Choices, p.saved = method, nil, v.Saved
	ways := waysOf(v)
	if len(ways) < 2 {
		return
	}
	for _, m := range ways {
		if method == methodSaved && m == methodSaved {
			continue // the others are what is left to choose
		}
		p.Choices = append(p.Choices, choice{m, p.way.choose(m), m == method})
	}
}

// openForm fills in what a fresh form begins with.
func (p *page) openForm(r *http.Request, v *pay.PageView) {
	method := chosen(r, v)
	p.offer(v, method)
	if method == pay.MethodMobile {
		p.prefillMobile(v)
	}
	p.prefillPayto(v)
	p.agree(v)
	asked := r.URL.Query().Get(fieldMethod) != ""
	if asked && v.Payment != nil && wayTried(v.Payment) != method {
		// What became of the last attempt has been read: the buyer has chosen another way since.
		p.Decline, p.Stopped = "", false
	}
}

// readMethod takes the payment method from a form and says what is wrong with it.
func readMethod(f fields, v *pay.PageView) (pay.MethodInput, form) {
	method := f.text(fieldMethod)
	if method == methodSaved && len(v.Saved) > 0 {
		return readSaved(f, v)
	}
	if !slices.Contains(v.Methods, method) {
		shown := form{Method: waysOf(v)[0]}
		shown.add(fieldMethod, "method_unavailable")
		return pay.MethodInput{Type: method}, shown
	}
	m := pay.MethodInput{Type: method}
	shown := form{Method: method}
	switch method {
	case pay.MethodCard:
		m.Card, shown = readCard(f, v.Now)
	case pay.MethodMobile:
		m.Mobile, shown = readMobile(f, v.Payment)
	case pay.MethodPayTo:
		m.Payto, shown = readPayto(f)
	}
	shown.Save = f.text(fieldSave) != ""
	return m, shown
}

// A span of time as people say it: so many of one unit.
const (
	unitDays    = "days"
	unitHours   = "hours"
	unitMinutes = "minutes"
)

// inWords rounds a time that is left down to the largest unit of which there are at least two, so
// that nobody is promised more than there is.
func inWords(left time.Duration) (n int, unit string) {
	switch {
	case left >= 48*time.Hour:
		return int(left / (24 * time.Hour)), unitDays
	case left >= 2*time.Hour:
		return int(left / time.Hour), unitHours
	}
	return max(1, int(left/time.Minute)), unitMinutes
}
