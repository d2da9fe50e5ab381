package pay

import (
	"cmp"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

const (
	// zonePayTo is the zone that the dates of agreements are meant in.
	zonePayTo = "Australia/Sydney"
	// maxAgreementText is how much of a description the payer's bank shows, in bytes.
	maxAgreementText = 140
)

// PaytoInput is an account as the payer named it: a PayID, or a BSB and an account number.
type PaytoInput struct {
	PayID   string
	Type    payid.Type // of the PayID; "" to tell it from the text
	BSB     string
	Account string
}

// id checks what the payer typed.
func (in *PaytoInput) id() (payid.ID, *payid.Problem) {
	switch {
	case in == nil || in.PayID == "" && in.BSB == "" && in.Account == "":
		return payid.ID{}, &payid.Problem{
			Field: "payid", Code: payid.Missing,
			Message: "Enter a PayID, or a BSB and an account number.",
		}
	case in.PayID != "" && (in.BSB != "" || in.Account != ""):
		return payid.ID{}, &payid.Problem{
			Field: "payid", Code: payid.Invalid,
			Message: "Enter either a PayID or a BSB and an account number, not both.",
		}
	case in.PayID == "":
		return payid.ParseAccount(in.BSB, in.Account)
	case in.Type != "":
		return payid.ParseAs(in.Type, in.PayID)
	}
	return payid.Parse(in.PayID)
}

// ResolvePayID checks an account and asks the network whom it belongs to, for a payer to confirm.
func (s *Service) ResolvePayID(ctx context.Context, c Caller, in PaytoInput) (Payto, error) {
	const prefix = "payment_method."
	rail, ok := s.railFor(c.Mode, MethodPayTo)
	if !ok {
		return Payto{}, BadParam(prefix+"type", "payment_method_not_available",
			"%s is not connected.", MethodPayTo)
	}
	p, err := s.resolvePayto(ctx, c, rail, &in, prefix)
	if err != nil {
		return Payto{}, err
	}
	return *p, nil
}

// resolvePayto checks an account and completes it with the name of its holder.
func (s *Service) resolvePayto(
	ctx context.Context, c Caller, rail Rail, in *PaytoInput, prefix string,
) (*Payto, error) {
	id, wrong := in.id()
	if wrong != nil {
		return nil, BadParam(prefix+wrong.Field, wrong.Code, "%s", wrong.Message)
	}
	ctx, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	name, err := rail.(Agreer).Resolve(ctx, c.Scope, id)
	if err != nil {
		return nil, s.unresolved(ctx, id, prefix, err)
	}
	p := PaytoOf(id, name)
	return &p, nil
}

// unresolved says which field is wrong when the network does not know an account.
func (s *Service) unresolved(
	ctx context.Context, id payid.ID, prefix string, err error,
) error {
	field := "payid"
	if id.Kind == payid.Account {
		field = "account"
	}
	if known := AsError(err); known != nil && known.Kind != Internal {
		e := *known
		if e.Param != "" {
			field = strings.TrimPrefix(e.Param, prefix)
		}
		if e.Kind != Unavailable {
			e.Kind = Invalid
		}
		e.Param = prefix + field
		return &e
	}
	s.log.WarnContext(ctx, "the network did not say whom an account belongs to", "error", err)
	return &Error{
		Kind: Unavailable, Code: "payid_service_unavailable", Param: prefix + field, Err: err,
		Message: "The bank network does not answer now. Try again in a moment.",
	}
}

// AgreementOf is what a payer of the session is asked to agree to at their bank. keep: the account
// is also saved for later.
func AgreementOf(ses *Session, merchant string, keep bool) Agreement {
	text := ses.Offer.Description
	if text == "" {
		text = ses.Metadata["description"]
	}
	if text == "" {
		text = "Payment to " + merchant
	}
	return Agreement{
		Terms: agreementTerms(ses, keep), Currency: ses.Amount.Currency, Merchant: merchant,
		Description: shorten(text, maxAgreementText), Deadline: ses.ExpiresAt,
		Rehearsal: ses.Offer.Rehearsal,
	}
}

// agreementTerms are the mandate's own; else those of payments on demand, if the account is kept;
// else those of this one payment. Where no zone is named the days are those of the network.
func agreementTerms(ses *Session, keep bool) terms.Terms {
	switch {
	case ses.Series == SeriesFirst && ses.Offer.Terms != nil:
		t := *ses.Offer.Terms
		t.Zone = cmp.Or(t.Zone, zonePayTo)
		return t
	case keep:
		return terms.Terms{Kind: terms.OnDemand, Zone: zonePayTo}
	}
	once := terms.Terms{
		Kind: terms.OnDemand, Zone: zonePayTo, MaxCount: 1,
		Amount: terms.Amount{Min: ses.Amount.Minor, Max: ses.Amount.Minor},
	}
	once.End = terms.DateOf(ses.ExpiresAt.In(once.Location()))
	return once
}

// shorten cuts a text to so many bytes, and no character in two.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "..."
	end := most - len(mark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end]) + mark
}

// agreeable reports whether the session can be paid by an agreement at a bank. There every payment
// is a charge under the agreement, so the first one has to keep to its terms too.
func (ses *Session) agreeable() bool {
	return ses.Capture != CaptureManual && ses.firstCharge() == ""
}

// firstCharge says why an agreement on the session's mandate does not permit its own payment; ""
// when it does, or when there is nothing that it would forbid.
func (ses *Session) firstCharge() terms.Refusal {
	if ses.Series != SeriesFirst || ses.Verifies() {
		return ""
	}
	return agreementTerms(ses, true).Permit(ses.Amount.Minor, ses.CreatedAt, terms.Use{})
}

// isAgreer reports whether the rail is one of agreements.
func isAgreer(rail Rail) bool {
	_, ok := rail.(Agreer)
	return ok
}

// canKeep reports whether the rail keeps credentials for later.
func canKeep(rail Rail) bool {
	_, ok := rail.(Keeper)
	return ok || isAgreer(rail)
}

// propose adds to an attempt what its payer is asked to agree to.
func (s *Service) propose(ctx context.Context, ses *Session, t *try) error {
	m, err := s.store.Merchant(ctx, ses.MerchantID)
	if err != nil {
		return err
	}
	a := AgreementOf(ses, m.Name, t.payment.Keep)
	t.agreement = &a
	return nil
}
