package pay

import (
	"cmp"
	"context"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/money"
)

// Limits of what a merchant may attach.
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 50  // characters
	maxMetadataValue = 500 // characters
	maxEmail         = 254
	maxPhone         = 32
	maxReason        = 200
)

// OpenSession describes a session to open. Field errors carry the names of the native API.
type OpenSession struct {
	Family        string
	Echo          []byte
	Amount        int64 // minor units
	Currency      string
	Capture       CaptureMode // "" for automatic
	Methods       []string    // nil for all
	CustomerID    string
	NewCustomer   *Customer // made together with the session; excludes CustomerID
	CustomerEmail string
	CustomerPhone string
	SuccessURL    string
	CancelURL     string
	Metadata      map[string]string
	ExpiresAt     time.Time // zero for DefaultTTL from now
	IDPrefix      string    // of the session's id; "" for "cs"
	Verify        bool      // take no money, only make sure of the method: Amount must be 0
	Series        Series    // SeriesNone or SeriesFirst
	Offer         Offer
	// Aliases are ids of the merchant's own for the session.
	Aliases []Alias
	// KnownAs is the merchant's own id of the customer. Who has it is the session's customer; if
	// nobody has, NewCustomer gets it.
	KnownAs *Alias
	// Hooks are addresses that get the events of the session, of its payments or of its mandate, for
	// their whole lives. The family has checked them.
	Hooks []Hook
}

// OpenSession opens a session: one transaction writes it with its deadline, its event and its
// idempotency record.
func (s *Service) OpenSession(
	ctx context.Context, c Caller, o *Once[Session], r OpenSession,
) (Session, Reply, error) {
	now := s.Now(c)
	ses, err := s.newSession(c, r, now)
	if err != nil {
		return Session{}, Reply{}, err
	}
	if err := s.checkReturnURLs(c, &ses); err != nil {
		return Session{}, Reply{}, err
	}
	newcomer, err := s.newcomer(c, r.NewCustomer, now)
	if err != nil {
		return Session{}, Reply{}, err
	}
	if err := s.admit(); err != nil {
		return orReplay(ctx, s, c, o, err)
	}
	return atomically(ctx, s, c, o, func(ctx context.Context, tx Tx) (Session, string, error) {
		customerID, err := s.settleCustomer(ctx, tx, c, newcomer, r)
		if err != nil {
			return ses, "", err
		}
		ses.CustomerID = customerID
		if err := s.attachHooks(ctx, tx, c, r.Hooks, &ses); err != nil {
			return ses, "", err
		}
		if err := s.name(ctx, tx, c, named{ses.Family, ses.ID, r.Aliases}); err != nil {
			return ses, "", err
		}
		if err := tx.InsertSession(ctx, ses, serverTime(c, ses.ExpiresAt)); err != nil {
			return ses, "", err
		}
		err = s.emitSession(ctx, tx, c, &ses)
		return ses, ses.ID, err
	})
}

// newcomer prepares the customer that is made with a session; nil without one.
func (s *Service) newcomer(c Caller, as *Customer, now time.Time) (*Customer, error) {
	if as == nil {
		return nil, nil
	}
	cu := *as
	cu.ID, cu.MerchantID, cu.Mode = s.ids.ID("cus", now), c.MerchantID, c.Mode
	cu.CreatedAt, cu.UpdatedAt = now, now
	err := validateCustomer(&cu)
	if e := AsError(err); e != nil && e.Param != "" {
		named := *e
		named.Param = "customer." + e.Param
		return nil, &named
	}
	return &cu, err
}

func (s *Service) newSession(c Caller, r OpenSession, now time.Time) (Session, error) {
	amount, err := r.amount()
	if err != nil {
		return Session{}, err
	}
	if r.Capture == "" || r.Verify {
		r.Capture = CaptureAutomatic
	}
	if r.ExpiresAt.IsZero() {
		r.ExpiresAt = now.Add(DefaultTTL)
	}
	if r.Verify && r.Methods == nil {
		r.Methods = []string{MethodCard}
	}
	ses := Session{
		ID: s.ids.ID(cmp.Or(r.IDPrefix, "cs"), now), MerchantID: c.MerchantID, Mode: c.Mode,
		Family: r.Family, Echo: r.Echo, State: SessionOpen, Version: 1, Amount: amount,
		Capture: r.Capture, Methods: r.Methods, CustomerID: r.CustomerID, CustomerEmail: r.CustomerEmail,
		CustomerPhone: r.CustomerPhone, SuccessURL: r.SuccessURL, CancelURL: r.CancelURL,
		Metadata: r.Metadata, ExpiresAt: r.ExpiresAt.UTC().Truncate(time.Microsecond),
		Series: r.Series, Offer: r.Offer, CreatedAt: now, UpdatedAt: now,
	}
	completeOffer(&ses)
	if err = s.validateSession(&ses, now); err == nil {
		ses.endWithMandate()
	}
	return ses, err
}

func (s *Service) validateSession(ses *Session, now time.Time) error {
	if err := validateContact("customer_", ses.CustomerEmail, ses.CustomerPhone); err != nil {
		return err
	}
	if err := validateMetadata(ses.Metadata); err != nil {
		return err
	}
	if ses.Capture != CaptureAutomatic && ses.Capture != CaptureManual {
		return BadParam("capture_method", "parameter_invalid",
			"The capture method is either %q or %q.", CaptureAutomatic, CaptureManual)
	}
	ttl := ses.ExpiresAt.Sub(now)
	if ttl < MinTTL || ttl > MaxTTL {
		return BadParam("expires_at", "parameter_invalid",
			"The expiry time must be in the future and at most %d days ahead.",
			MaxTTL/(24*time.Hour))
	}
	if err := s.validateMethods(ses.Methods); err != nil {
		return err
	}
	if ses.Capture == CaptureManual && !ses.Accepts(MethodCard) {
		return BadParam("capture_method", "parameter_invalid",
			"Money can be held on a %s alone: offer it, or capture at once.", MethodCard)
	}
	if err := validateOffer(ses, now); err != nil {
		return err
	}
	if err := validateCounted(ses, now); err != nil {
		return err
	}
	return s.validatePayable(ses)
}

// validateMethods checks a session's wish against the methods Kassa knows.
func (s *Service) validateMethods(methods []string) error {
	const param = "payment_method_types"
	if methods != nil && len(methods) == 0 {
		return BadParam(param, "parameter_invalid",
			"Name at least one payment method, or leave the field out to offer all.")
	}
	for i, m := range methods {
		if !slices.Contains(knownMethods, m) {
			return BadParam(param, "parameter_invalid", "%q is not a payment method. Known are: %s.",
				printable(m), strings.Join(knownMethods, ", "))
		}
		if slices.Contains(methods[:i], m) {
			return BadParam(param, "parameter_invalid", "%q is listed twice.", m)
		}
	}
	return nil
}

// knownMethods are the payment methods of the documented API.
var knownMethods = []string{"mobile_money", MethodCard, "bank_transfer", MethodPayTo}

// amount is what the session asks for: nothing when it only makes sure of a method.
func (r OpenSession) amount() (money.Amount, error) {
	if !r.Verify {
		return newAmount(r.Amount, r.Currency)
	}
	if r.Amount != 0 {
		return money.Amount{}, BadParam("amount", "parameter_invalid",
			"A verification takes no money: the amount must be 0.")
	}
	amount, err := newAmount(money.MinMinor, r.Currency)
	amount.Minor = 0
	return amount, err
}

func newAmount(minor int64, currency string) (money.Amount, error) {
	amount, err := money.New(minor, currency)
	switch {
	case errors.Is(err, money.ErrCurrency):
		return amount, BadParam("currency", "currency_not_supported",
			"The currency must be an ISO 4217 code in capitals, such as GHS.")
	case minor < money.MinMinor:
		return amount, BadParam("amount", "parameter_invalid",
			"The amount must be a positive integer")
	case err != nil:
		return amount, BadParam("amount", "amount_too_large",
			"The amount must be at most %d minor units.", money.MaxMinor)
	}
	return amount, nil
}

func (s *Service) requireCustomer(ctx context.Context, v View, c Caller, id string) error {
	if id == "" {
		return nil
	}
	_, err := v.Customer(ctx, c.Scope, id)
	if IsKind(err, NotFound) {
		return BadParam("customer", "resource_missing", "No such customer: %q.", printable(id))
	}
	return err
}

func (s *Service) emitSession(ctx context.Context, tx Tx, c Caller, ses *Session) error {
	return s.emit(ctx, tx, c, Event{
		Type: "session." + ses.State.String(), Kind: ObjectSession, ObjectID: ses.ID,
		Sequence: ses.Version, Family: ses.Family, Hook: ses.Offer.Hooks[ObjectSession],
	}, ses)
}

func validateContact(prefix, email, phone string) error {
	if email != "" {
		at, err := mail.ParseAddress(email)
		if err != nil || at.Address != email || len(email) > maxEmail || hasControl(email) {
			return BadParam(prefix+"email", "parameter_invalid",
				"The e-mail address is not valid. It must look like ama@example.com.")
		}
	}
	if phone != "" && !validPhone(phone) {
		return BadParam(prefix+"phone", "parameter_invalid",
			"The phone number may have digits, spaces, hyphens, brackets and a leading plus.")
	}
	return nil
}

func validPhone(phone string) bool {
	digits := 0
	for i, c := range []byte(phone) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i == 0, c == ' ', c == '-', c == '(', c == ')':
		default:
			return false
		}
	}
	return digits >= 6 && digits <= 15 && len(phone) <= maxPhone
}

// validateMetadata checks what a merchant hangs on an object. It is stored and given back, never
// read.
func validateMetadata(m map[string]string) error {
	if len(m) > maxMetadataKeys {
		return BadParam("metadata", "parameter_invalid",
			"Metadata can have at most %d keys.", maxMetadataKeys)
	}
	for k, v := range m {
		switch {
		case k == "" || utf8.RuneCountInString(k) > maxMetadataKey || hasControl(k):
			return BadParam("metadata", "parameter_invalid",
				"A metadata key must have 1 to %d characters and no control characters: %q.",
				maxMetadataKey, printable(k))
		case utf8.RuneCountInString(v) > maxMetadataValue || hasControl(v):
			return BadParam("metadata."+k, "parameter_invalid",
				"A metadata value must have at most %d characters and no control characters.",
				maxMetadataValue)
		}
	}
	return nil
}

// hasControl reports whether the text has control characters or is not UTF-8.
func hasControl(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

// printable shortens a value from a request for use in a message.
func printable(s string) string {
	const longest = 60
	s = strings.ToValidUTF8(s, "?")
	if utf8.RuneCountInString(s) > longest {
		return string([]rune(s)[:longest]) + "…"
	}
	return s
}
