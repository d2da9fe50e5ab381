package hosted

import (
	"net/url"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/returnurl"
)

// The pages. Their names are the states that the status route tells, and the names of their
// templates.
const (
	pageForm        = "form"        // the buyer can pay
	pageAction      = "action"      // the buyer has something to do elsewhere
	pagePrompt      = "prompt"      // the buyer's phone asks
	pageApprove     = "approve"     // the buyer's bank asks
	pageCode        = "code"        // the buyer's phone has a one-time code
	pageTransfer    = "transfer"    // the buyer has to send money
	pageUnderpaid   = "underpaid"   // it was too little
	pageOverpaid    = "overpaid"    // it was too much
	pageWaiting     = "waiting"     // the outcome is unknown
	pagePaid        = "paid"        // the money is the merchant's
	pageAuthorised  = "authorised"  // the money is held
	pageReleased    = "released"    // it was held and has been let go
	pageFailed      = "failed"      // the only payment there could be was declined
	pageLate        = "late"        // it came after the attempt had been given up
	pageCanceled    = "canceled"    // it was given up
	pageExpired     = "expired"     // nobody can pay any more
	pageClosed      = "closed"      // too many declines
	pageNoMethod    = "nomethod"    // the merchant offers nothing this session may be paid with
	pageReceipt     = "receipt"     // what was paid, to keep
	pageMandate     = "mandate"     // what a payer permitted
	pageStop        = "stop"        // whether that is to end
	pageNotFound    = "notfound"    // no such page
	pageLimited     = "limited"     // too many attempts
	pageRefused     = "refused"     // not our form
	pageUnavailable = "unavailable" // not now
)

// pageNames lists every page, for the templates and for tests that prove them complete.
var pageNames = []string{
	pageForm, pageAction, pagePrompt, pageApprove, pageCode, pageTransfer, pageUnderpaid,
	pageOverpaid, pageWaiting, pagePaid, pageAuthorised, pageReleased, pageFailed, pageLate,
	pageCanceled,
	pageExpired, pageClosed, pageNoMethod, pageReceipt, pageMandate, pageStop, pageNotFound,
	pageLimited, pageRefused, pageUnavailable,
}

// stateOf says which page tells the truth about a session.
func stateOf(v *pay.PageView) string {
	// Money that came after its attempt was given up is said before all else: the buyer must not
	// be asked to pay again.
	if v.State != pay.SessionComplete && v.Payment != nil && v.Payment.State == pay.PaymentLate {
		return pageLate
	}
	switch v.State {
	case pay.SessionComplete:
		if v.Session.Series == pay.SeriesNext && v.Payment != nil &&
			v.Payment.State == pay.PaymentFailed {
			return pageFailed
		}
		return completeState(v.Payment)
	case pay.SessionPaying:
		return payingState(v.Payment)
	case pay.SessionOpen:
		if len(v.Methods) == 0 {
			return pageNoMethod
		}
		return pageForm
	case pay.SessionCanceled:
		return pageCanceled
	}
	if v.Session.Declines >= pay.MaxDeclines {
		return pageClosed
	}
	if spent(v) {
		return pageFailed
	}
	return pageExpired
}

// spent reports whether the one payment that the session allows was agreed to and then failed.
func spent(v *pay.PageView) bool {
	p := v.Payment
	return v.Session.Offer.OneTry && p != nil && p.State == pay.PaymentFailed && p.MethodID != ""
}

func completeState(p *pay.Payment) string {
	if p == nil {
		return pagePaid
	}
	switch p.State {
	case pay.PaymentAuthorised:
		return pageAuthorised
	case pay.PaymentCanceled, pay.PaymentFailed:
		return pageReleased
	case pay.PaymentLate:
		return pageLate
	}
	return pagePaid
}

func payingState(p *pay.Payment) string {
	if p == nil {
		return pageWaiting
	}
	switch p.State {
	case pay.PaymentAction:
		if p.Action == pay.ActionApprove && p.Payto != nil {
			return pageApprove
		}
		if p.Action == pay.ActionCode {
			return pageCode
		}
		if actionURL(p) != "" {
			return pageAction
		}
	case pay.PaymentWaiting:
		if p.Action == pay.ActionApprove && p.Mobile != nil {
			return pagePrompt
		}
		if p.Transfer != nil {
			return pageTransfer
		}
	case pay.PaymentUnderpaid:
		return pageUnderpaid
	case pay.PaymentOverpaid:
		return pageOverpaid
	}
	return pageWaiting
}

// liveAt reports whether a page changes while its reader looks on.
func liveAt(name string) bool {
	switch name {
	case pageAction, pageCode:
		return true
	}
	return waits(name)
}

// waits reports whether a page's reader has nothing to do on it but to wait, so that without
// scripts it may be loaded again.
func waits(name string) bool {
	switch name {
	case pagePrompt, pageApprove, pageTransfer, pageUnderpaid, pageOverpaid, pageWaiting:
		return true
	}
	return false
}

// patient reports whether a page's reader is busy with it for longer than a moment: copying an
// account number, or coming back another day. Such a page is not loaded again without news.
func patient(name string) bool {
	return name == pageTransfer || name == pageUnderpaid || name == pageOverpaid
}

// hasCounter reports whether the payer has to do something that a developer does on the other side
// of the counter.
func hasCounter(name string) bool {
	return name == pagePrompt || name == pageApprove || name == pageCode || patient(name)
}

// actionURL is where the buyer has to act, if a browser can go there.
func actionURL(p *pay.Payment) string {
	u, err := url.Parse(p.ActionURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return p.ActionURL
}

// The ways back to the shop; "" when the stored address does not hold what it promised.
func successURL(s *pay.Session) string { return returnurl.Substitute(s.SuccessURL, s.ID) }
func cancelURL(s *pay.Session) string  { return returnurl.Substitute(s.CancelURL, s.ID) }
