package hosted

import (
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
)

// The signs of somebody trying out stolen or invented card numbers. Prompts to the phones of
// strangers are counted by the same measure.
const (
	issuerDigits  = 6  // of a number: they name the issuer
	issuerFactor  = 10 // attempts per issuer that raise an alert, in attempts allowed per card
	accountFactor = 2  // accounts named per session, in attempts: each is looked up first
	brakeKeySize  = 32 // bytes
)

// brake slows down whoever tries out cards, or lets phones ring: so many attempts per address, per
// card, per phone and per saved method in AttemptWindow. Many attempts with cards of one issuer
// raise an alert and stop nobody, for a popular bank has many customers. Numbers are known by a
// keyed hash, under a key that dies with the process.
type brake struct {
	addresses, cards, phones, accounts, lookups, sessions, saved, issuers *limit.Window

	key []byte
	log *slog.Logger
}

// newBrake returns a brake that allows so many attempts; nil for no limit.
func newBrake(attempts int, ids ident.Source, now func() time.Time, log *slog.Logger) *brake {
	if attempts <= 0 {
		return nil
	}
	return &brake{
		addresses: limit.NewWindow(attempts, AttemptWindow, now),
		cards:     limit.NewWindow(attempts, AttemptWindow, now),
		phones:    limit.NewWindow(attempts, AttemptWindow, now),
		accounts:  limit.NewWindow(attempts, AttemptWindow, now),
		lookups:   limit.NewWindow(attempts, AttemptWindow, now),
		sessions:  limit.NewWindow(attempts*accountFactor, AttemptWindow, now),
		saved:     limit.NewWindow(attempts, AttemptWindow, now),
		issuers:   limit.NewWindow(attempts*issuerFactor, AttemptWindow, now),
		key:       ids.Bytes(brakeKeySize), log: log,
	}
}

// allow reports whether the attempt may be made, and if not how long to wait.
func (b *brake) allow(
	r *http.Request, address string, m pay.MethodInput,
) (time.Duration, bool) {
	if b == nil {
		return 0, true
	}
	if ok, wait := b.addresses.Allow(address); !ok {
		return wait, false
	}
	switch {
	case m.Card != nil:
		return b.allowCard(r, m.Card.Number.Reveal())
	case m.Mobile != nil:
		local, _ := pay.LocalPhone(m.Mobile.Phone)
		ok, wait := b.phones.Allow(b.hash(local))
		return wait, ok
	case m.Payto != nil:
		ok, wait := b.accounts.Allow(b.hash(accountOf(m.Payto)))
		return wait, ok
	case m.SavedID != "":
		ok, wait := b.saved.Allow(m.SavedID)
		return wait, ok
	}
	return 0, true
}

// allowLookup reports whether somebody at this address, on the page of this session, may ask whom
// an account belongs to. Names behind phone numbers and e-mail addresses are not to be collected
// here, from one address or from many.
func (b *brake) allowLookup(address, session string) (time.Duration, bool) {
	if b == nil {
		return 0, true
	}
	if ok, wait := b.lookups.Allow(address); !ok {
		return wait, false
	}
	return b.allowAccount(session)
}

// allowAccount reports whether one more account may be named on the page of a session, to look it
// up or to pay from it: both tell whether there is one.
func (b *brake) allowAccount(session string) (time.Duration, bool) {
	if b == nil {
		return 0, true
	}
	ok, wait := b.sessions.Allow(session)
	return wait, ok
}

// accountOf names an account alike however it was typed.
func accountOf(in *pay.PaytoInput) string {
	id, problem := payid.Parse(in.PayID)
	if in.PayID == "" {
		id, problem = payid.ParseAccount(in.BSB, in.Account)
	}
	if problem != nil {
		return in.PayID + in.BSB + in.Account
	}
	return id.Label()
}

func (b *brake) allowCard(r *http.Request, digits string) (time.Duration, bool) {
	if ok, wait := b.cards.Allow(b.hash(digits)); !ok {
		return wait, false
	}
	if len(digits) < issuerDigits {
		return 0, true
	}
	if ok, _ := b.issuers.Allow(b.hash(digits[:issuerDigits])); !ok {
		b.log.WarnContext(r.Context(), "unusually many attempts with cards of one issuer",
			"brand", pay.Brand(digits), "window", AttemptWindow.String())
	}
	return 0, true
}

func (b *brake) hash(digits string) string {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte(digits))
	return string(mac.Sum(nil))
}
