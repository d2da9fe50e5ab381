package simnet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// The promises that all simulated networks make.
const (
	notFoundFinalAfter = 30 * time.Second
	ReviewAfter        = 24 * time.Hour // where it names no other time
	deadline           = 10 * time.Second
)

// Errors of a network. All of them mean to the core that the outcome is unknown.
var (
	ErrDown      = errors.New("network is down")
	ErrNoReply   = errors.New("network did not reply")
	ErrRefused   = errors.New("network refuses a request that contradicts an earlier one")
	ErrLive      = errors.New("network is simulated and never sees live money")
	ErrSignature = errors.New("notification is not from the network")
)

// Config is what a network stands on. All fields are required.
type Config struct {
	DB *sqldb.DB
	// Clock is the server's time: notifications and their signatures travel in the real world.
	Clock pay.Clock
	IDs   ident.Source
	// Vault makes the keys of the network, such as the one that notifications are signed with.
	Vault pay.Vault
	// BaseURL is the origin of the pages on which a payer answers, without a slash at the end.
	BaseURL string
}

func (c Config) check() error {
	if c.DB == nil || c.Clock == nil || c.IDs == nil || c.Vault == nil {
		return errors.New("database, clock, ids and vault are required")
	}
	if !strings.HasPrefix(c.BaseURL, "http") || strings.HasSuffix(c.BaseURL, "/") {
		return fmt.Errorf("base URL %q is not an origin", c.BaseURL)
	}
	return nil
}

// Model is what makes one network differ from another. It keeps nothing: what it says depends on
// the record and the time alone.
type Model interface {
	// Name is the rail's name in stored payments.
	Name() string
	// Facts are the network's promises.
	Facts() pay.Facts
	// Providers are the parts of the network that may be down one by one; nil for none.
	Providers() []string
	// Take reads an attempt into its new record: scenario, terms, and whom it came from; of an
	// attempt with Saved these are there already. The behaviour is how the network treats the
	// merchant now. An error: there is nothing to take.
	Take(a pay.Attempt, b pay.Behaviour, r *Record) error
	// Scenario returns how a stored payment is treated; the plainest for an unknown name.
	Scenario(name string) *Scenario
	// Outcome says what is known at now of a payment that was neither captured by hand nor voided.
	Outcome(r *Record, now time.Time) pay.Outcome
	// Plan says what the network does about such a payment by itself.
	Plan(r *Record) Plan
	// Show fills in what the payer sees beyond the amount.
	Show(r *Record, p *pay.Prompt)
}

// Plan is what a network does about a payment by itself. Times are the merchant's.
type Plan struct {
	// Debit is when the network takes how much, in minor units; no time: it takes nothing.
	DebitAt time.Time
	Debit   int64
	// News are the times at which the outcome changes.
	News []time.Time
}

// Send hands a notification to the merchant's side. An error means that it must come again.
type Send = func(ctx context.Context, header http.Header, body []byte) error

// Network is a simulated network. It is safe for concurrent use; several processes may share its
// records.
type Network struct {
	db    *sqldb.DB
	clock pay.Clock
	ids   ident.Source
	vault pay.Vault
	base  string

	model     Model
	name      string
	words     *Words // nil: its payments rest on no agreements
	header    string // of the signature
	behaviour remembered
	door      atomic.Pointer[Send]
}

// New returns the network over its records. A network that could not sign its notifications does
// not start.
func New(c Config, m Model) (*Network, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("simulated network %s: %w", m.Name(), err)
	}
	n := &Network{
		db: c.DB, clock: c.Clock, ids: c.IDs, vault: c.Vault, base: c.BaseURL,
		model: m, name: m.Name(), header: headerOf(m.Name()),
	}
	if agreeing, ok := m.(AgreementModel); ok {
		words := agreeing.Words()
		n.words = &words
	}
	return n, nil
}

// Connect names the door that notifications are brought to before the reply to Start, by the
// scenario that asks for it. Without a door they come with the others, through Pump.
func (n *Network) Connect(door Send) { n.door.Store(&door) }

// Name returns the rail's name.
func (n *Network) Name() string { return n.name }

// Facts returns the network's promises.
func (n *Network) Facts() pay.Facts { return n.model.Facts() }

// reached reports whether a call gets through to the network at all, and how the network treats the
// merchant.
func (n *Network) reached(ctx context.Context, sc pay.Scope) (pay.Behaviour, error) {
	if sc.Mode != pay.Test {
		return pay.Behaviour{}, fmt.Errorf("%s: %w", n.name, ErrLive)
	}
	b, err := n.Behaviour(ctx, sc.MerchantID)
	if err == nil && b.Down {
		err = fmt.Errorf("%s: %w", n.name, ErrDown)
	}
	return b, err
}

// reply is the last step of every call about money: the answer, unless it is lost on its way back.
func reply(b pay.Behaviour, out pay.Outcome, err error) (pay.Outcome, error) {
	if err := lost(b, err); err != nil {
		return pay.Outcome{}, err
	}
	return out, nil
}

// lost is the error of a call: its own, or that what it answers is lost on its way back.
func lost(b pay.Behaviour, err error) error {
	if err == nil && b.LoseReplies {
		return ErrNoReply
	}
	return err
}

// gather reads rows to their end, each by read.
func gather[T any](rows sqldb.Rows, err error, read func(sqldb.Row) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Promises are the facts of a network that serves a payment method and may leave an outcome open
// for so long.
func Promises(method string, reviewAfter time.Duration) pay.Facts {
	return pay.Facts{
		Method: method, Mode: pay.Test, SubmitIdempotent: true,
		NotFoundFinalAfter: notFoundFinalAfter, ReviewAfter: reviewAfter, Deadline: deadline,
	}
}

// micros writes a time as the tables keep it: microseconds, UTC.
func micros(t time.Time) int64 { return t.UnixMicro() }

func nullable(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := micros(t)
	return &us
}

func fromMicros(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
