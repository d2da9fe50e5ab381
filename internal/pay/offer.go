package pay

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/terms"
)

// Limits of trying a scheduled charge again.
const (
	maxRetries   = 8
	maxRetryDays = 30
)

// completeOffer fills in what follows from the rest: a series needs the method kept and terms to
// agree to, and a verification is of no use without keeping what was verified.
func completeOffer(ses *Session) {
	o := &ses.Offer
	o.Consent = ""
	switch {
	case ses.Series == SeriesFirst:
		if o.Save == "" {
			o.Save = SaveAlways
		}
		if o.Terms == nil {
			o.Terms = &terms.Terms{}
		}
	case ses.Verifies() && o.Save == "":
		o.Save = SaveAlways
	}
}

// endWithMandate has a session end with the mandate that it asks for, at the latest: nobody is to
// agree to what is over.
func (ses *Session) endWithMandate() {
	if ses.Offer.Terms == nil {
		return
	}
	if end := ses.Offer.Terms.EndsAt(); !end.IsZero() && end.Before(ses.ExpiresAt) {
		ses.ExpiresAt = end.UTC()
	}
}

// validateOffer checks what a merchant wants from a payer besides the payment.
func validateOffer(ses *Session, now time.Time) error {
	o := &ses.Offer
	switch o.Save {
	case "", SaveNever, SaveAlways, SavePrompt:
	default:
		return BadParam("offer.save", "parameter_invalid",
			"The method is saved %q, %q or on %q.", SaveNever, SaveAlways, SavePrompt)
	}
	switch o.Presentation {
	case Redirect, EmbeddedModal, EmbeddedInline:
	default:
		return BadParam("offer.presentation", "parameter_invalid",
			"The presentation is %q or %q, or left out for a page of its own.",
			EmbeddedModal, EmbeddedInline)
	}
	if err := validateVerification(ses); err != nil {
		return err
	}
	switch ses.Series {
	case SeriesNone:
		return validateNoSeries(o)
	case SeriesFirst:
		return validateSeries(o, now)
	}
	return BadParam("series", "parameter_invalid",
		"A session that a payer opens is the first of a series or of none.")
}

func validateVerification(ses *Session) error {
	if !ses.Verifies() {
		return nil
	}
	for _, m := range ses.Methods {
		if m != MethodCard && m != MethodPayTo {
			return BadParam("payment_method_types", "parameter_invalid",
				"Only a %s or %s can be verified without a payment.", MethodCard, MethodPayTo)
		}
	}
	if ses.Series == SeriesNone && ses.Offer.Save != SaveAlways {
		return BadParam("offer.save", "parameter_invalid",
			"A verification always saves the method: leave the field out, or say %q.", SaveAlways)
	}
	return nil
}

func validateNoSeries(o *Offer) error {
	switch {
	case o.Terms != nil:
		return BadParam("offer.terms", "parameter_invalid",
			"A mandate can be given in the first session of a series alone.")
	case o.Schedule != nil:
		return BadParam("offer.schedule", "parameter_invalid",
			"A schedule needs a mandate, which the first session of a series alone can give.")
	}
	return nil
}

// validateSeries checks the mandate that the payer will be asked for.
func validateSeries(o *Offer, now time.Time) error {
	if o.Save != SaveAlways {
		return BadParam("offer.save", "parameter_invalid",
			"A series always saves the method: leave the field out, or say %q.", SaveAlways)
	}
	if p := o.Terms.Validate(); p != nil {
		return BadParam("offer.terms."+p.Field, "parameter_invalid", "%s", p.Message)
	}
	if end := o.Terms.EndsAt(); !end.IsZero() && !now.Before(end) {
		return BadParam("offer.terms.end", "parameter_invalid", "Must not be over already.")
	}
	if err := validateSchedule(o, now); err != nil {
		return err
	}
	if len(o.Retry.Days) > maxRetries {
		return BadParam("offer.retry.days", "parameter_invalid",
			"A charge can be tried again at most %d times.", maxRetries)
	}
	for _, d := range o.Retry.Days {
		if d < 1 || d > maxRetryDays {
			return BadParam("offer.retry.days", "parameter_invalid",
				"A charge is tried again after 1 to %d days.", maxRetryDays)
		}
	}
	return nil
}

// validateSchedule checks when the server is to charge, which must be once from now on at least.
func validateSchedule(o *Offer, now time.Time) error {
	if o.Schedule == nil {
		return nil
	}
	p := o.Schedule.Validate(*o.Terms)
	if p == nil {
		if _, ok := o.Schedule.After(now, *o.Terms); ok {
			return nil
		}
		p = &terms.Problem{Field: "end", Message: "Must leave a day for a charge from now on."}
	}
	field := "offer.schedule." + p.Field
	if p.Field == "end" && o.Schedule.End.IsZero() {
		field = "offer.terms.end" // which is where the schedule ends, too
	}
	return BadParam(field, "parameter_invalid", "%s", p.Message)
}

// validateCounted checks what the payer reads at their bank and, if the session's own payment is to
// count as a charge, that the terms permit it.
func validateCounted(ses *Session, now time.Time) error {
	o := &ses.Offer
	if utf8.RuneCountInString(o.Description) > maxAgreementText || hasControl(o.Description) {
		return BadParam("offer.description", "parameter_invalid",
			"The description must have at most %d characters and no control characters.",
			maxAgreementText)
	}
	if !o.CountFirst {
		return nil
	}
	if ses.Series != SeriesFirst {
		return BadParam("offer.count_first", "parameter_invalid",
			"Only the first payment of a series can be counted as a charge.")
	}
	if ses.Verifies() {
		return nil
	}
	if r := o.Terms.Permit(ses.Amount.Minor, now, terms.Use{}); r != "" {
		return BadParam("offer.terms", "parameter_invalid",
			"The first payment is a charge too. %s", refusals[r])
	}
	return nil
}

// keeps reports whether the credential is kept that the session is paid with on the rail. ticked
// is the payer's answer to SavePrompt.
func (ses *Session) keeps(rail Rail, ticked bool) bool {
	switch {
	case !canKeep(rail):
		return false
	case ses.Series == SeriesFirst || ses.Offer.Save == SaveAlways:
		return true
	}
	return ses.Offer.Save == SavePrompt && ticked
}

// validatePayable refuses a session that nobody could pay by the methods it names. A method that is
// not connected now may be so when the page is shown.
func (s *Service) validatePayable(ses *Session) error {
	const param = "payment_method_types"
	if len(ses.Methods) == 0 {
		return nil
	}
	var foreign error
	for _, method := range ses.Methods {
		rail, connected := s.railFor(ses.Mode, method)
		if !connected || ses.suits(rail) {
			return nil
		}
		if f := rail.Facts(); !f.takes(ses.Amount.Currency) {
			foreign = BadParam(param, "currency_not_supported", "%s takes %s alone, not %s.",
				f.Method, strings.Join(f.Currencies, ", "), ses.Amount.Currency)
		}
	}
	r := ses.firstCharge()
	switch {
	case foreign != nil:
		return foreign
	case r != "" && ses.Accepts(MethodPayTo):
		return BadParam("offer.terms", "parameter_invalid",
			"By %s the first payment is a charge too. %s", MethodPayTo, refusals[r])
	}
	return BadParam(param, "parameter_invalid",
		"A series cannot begin with %s, which leaves nothing to charge again.",
		strings.Join(ses.Methods, " or "))
}

// suits reports whether the session can be paid on the rail: what has to be kept afterwards, or
// held at first, needs a rail that can.
func (ses *Session) suits(rail Rail) bool {
	f := rail.Facts()
	return f.Mode == ses.Mode && ses.Accepts(f.Method) && f.takes(ses.Amount.Currency) &&
		(!isAgreer(rail) || ses.agreeable()) &&
		(canKeep(rail) || ses.Series != SeriesFirst && !ses.Verifies()) &&
		(canHold(rail) || ses.Capture != CaptureManual)
}

// canHold reports whether the rail can hold money and take it later.
func canHold(rail Rail) bool {
	_, ok := rail.(Capturer)
	return ok
}
