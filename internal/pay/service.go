package pay

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
)

// Work names what the worker can be woken for.
type Work string

// The kinds of work that wait in the store.
const (
	WorkExpiry   Work = "expiry"
	WorkPayments Work = "payments"
	WorkRefunds  Work = "refunds"
	WorkNotices  Work = "notices"
	WorkFanOut   Work = "fan-out"
	WorkDelivery Work = "delivery"
	WorkMandates Work = "mandates"
)

// Limits of the core.
const (
	MaxDeclines       = 5                    // per session; then it closes
	DefaultTTL        = 24 * time.Hour       // of a session
	MinTTL            = time.Second          // of a session, so that a test can watch it expire
	MaxTTL            = 30 * 24 * time.Hour  // of a session
	AuthorisationTTL  = 7 * 24 * time.Hour   // then an uncaptured payment is voided
	NoticeTTL         = 72 * time.Hour       // then an unmatched notification is given up
	SecretOverlap     = 24 * time.Hour       // both secrets of an endpoint sign during a rotation
	MaxClockAdvance   = 366 * 24 * time.Hour // per request
	maxClockOffset    = 100 * MaxClockAdvance
	reviewWithoutRail = 24 * time.Hour   // of a payment whose rail is not configured any more
	firstPoll         = 10 * time.Second // the safety net behind every submission
	maxPoll           = time.Hour        // the longest pause between two questions to a rail
	maxApprovalPoll   = 5 * time.Minute  // the same, while the payer is asked at their bank
	claimLease        = 30 * time.Second // how long a claimed row belongs to one node
	batch             = 64               // rows per round of due work
	keyTouchInterval  = time.Minute      // how exact a key's last-used time is
	settingVaultCheck = "vault_check"
)

// Deps is everything the core needs from the outside. All fields but Admit, Wake, Together
// and Named are required.
type Deps struct {
	Store Store
	Rails []Rail
	Clock Clock
	IDs   ident.Source
	Vault Vault
	Log   *slog.Logger
	// Admit says why nothing new may begin now: no session, payment, capture or refund. What is
	// under way goes on. Nil: it always may.
	Admit func() error
	// Wake tells the worker of this process that there is work; nil when there is no worker.
	Wake func(Work)
	// Together does n things that do not wait for one another, as many at once as it sees fit, and
	// returns when all are done. Nil: one after the other.
	Together func(n int, do func(i int))
	// Named reports whether any protocol that would send the family's events has a name for the
	// type. Events without one are kept and never fanned out. Nil: all have.
	Named func(family, eventType string) bool
	// BaseURL is the public origin of the hosted page, without a slash at the end.
	BaseURL string
}

// Service is the core's use cases. It is safe for concurrent use.
type Service struct {
	store    Store
	rails    []Rail
	clock    Clock
	ids      ident.Source
	vault    Vault
	log      *slog.Logger
	admit    func() error
	wake     func(Work)
	together func(n int, do func(i int))
	named    func(family, eventType string) bool
	base     string
	watch    *watch
	touched  touches
}

// New returns the use cases over the given outside.
func New(d Deps) *Service {
	if d.Admit == nil {
		d.Admit = func() error { return nil }
	}
	if d.Wake == nil {
		d.Wake = func(Work) {}
	}
	if d.Together == nil {
		d.Together = func(n int, do func(i int)) {
			for i := range n {
				do(i)
			}
		}
	}
	if d.Named == nil {
		d.Named = func(string, string) bool { return true }
	}
	return &Service{
		store: d.Store, rails: slices.Clone(d.Rails), clock: d.Clock, ids: d.IDs, vault: d.Vault,
		log: d.Log, admit: d.Admit, wake: d.Wake, together: d.Together, named: d.Named,
		base: d.BaseURL, watch: newWatch(), touched: touches{at: map[string]time.Time{}},
	}
}

// Now returns the caller's time: the server's clock, ahead by the test clock's offset in test mode,
// cut to microseconds.
func (s *Service) Now(c Caller) time.Time {
	return s.clock.Now().UTC().Add(c.ClockOffset).Truncate(time.Microsecond)
}

// serverTime turns a time of the caller's clock into one of the server's.
func serverTime(c Caller, t time.Time) time.Time { return t.Add(-c.ClockOffset) }

// CallerFor returns a caller for work that nobody asked for with a key: the worker, the page.
func (s *Service) CallerFor(ctx context.Context, sc Scope) (Caller, error) {
	m, err := s.store.Merchant(ctx, sc.MerchantID)
	if err != nil {
		return Caller{}, err
	}
	return callerOf(sc, m), nil
}

func callerOf(sc Scope, m Merchant) Caller {
	c := Caller{Scope: sc, Permissions: []string{PermAll}, ReturnOrigins: m.ReturnOrigins}
	if sc.Mode == Test {
		c.ClockOffset = m.ClockOffset
	}
	return c
}

// purposePage separates the key that makes page keys.
const purposePage = "page key"

// PageKey returns the secret that opens the session's page. It is computed, never stored.
func (s *Service) PageKey(sessionID string) string {
	return hexString(s.vault.MAC(purposePage, sessionID))
}

// PageURL returns the address of the session's hosted page with its key.
func (s *Service) PageURL(sessionID string) string {
	return s.base + "/checkout/" + sessionID + "?key=" + url.QueryEscape(s.PageKey(sessionID))
}

// railFor picks the rail that serves the method in the mode.
func (s *Service) railFor(mode Mode, method string) (Rail, bool) {
	for _, r := range s.rails {
		if f := r.Facts(); f.Mode == mode && f.Method == method {
			return r, true
		}
	}
	return nil, false
}

func (s *Service) railNamed(name string) (Rail, bool) {
	for _, r := range s.rails {
		if r.Name() == name {
			return r, true
		}
	}
	return nil, false
}

// Methods returns the methods a buyer of the session can choose from, in the rails' order.
func (s *Service) Methods(ses *Session) []string {
	var out []string
	for _, r := range s.rails {
		if method := r.Facts().Method; ses.suits(r) && !slices.Contains(out, method) {
			out = append(out, method)
		}
	}
	return out
}

// emit writes the event of one change. object is the noun as it now is.
func (s *Service) emit(ctx context.Context, tx Tx, c Caller, e Event, object any) error {
	e, err := s.event(c, e, object)
	if err != nil {
		return err
	}
	return tx.InsertEvent(ctx, e)
}

func (s *Service) event(c Caller, e Event, object any) (Event, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return e, err
	}
	e.MerchantID, e.Mode, e.Data = c.MerchantID, c.Mode, data
	e.Sent = !s.named(e.Family, e.Type)
	e.CreatedAt = s.Now(c)
	e.ID = s.ids.ID("evt", e.CreatedAt)
	e.RequestID, e.IdempotencyKey = c.RequestID, c.IdempotencyKey
	return e, nil
}

func hexString(b []byte) string { return hex.EncodeToString(b) }
