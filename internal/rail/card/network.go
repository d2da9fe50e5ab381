package card

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Name is the rail's name in stored payments.
const Name = "card"

// ChallengePath is the path under the base URL at which a payer meets the card issuer. The token
// follows it.
const ChallengePath = "/sim/card/challenge/"

// ChallengeTTL is how long the issuer waits for the payer, in the merchant's clock.
const ChallengeTTL = 10 * time.Minute

// The network's promises.
const (
	notFoundFinalAfter = 30 * time.Second
	reviewAfter        = 24 * time.Hour
	deadline           = 10 * time.Second
)

// Errors of the network. All of them mean to the core that the outcome is unknown.
var (
	ErrDown      = errors.New("card network is down")
	ErrNoReply   = errors.New("card network did not reply")
	ErrRefused   = errors.New("card network refuses a request that contradicts an earlier one")
	ErrLive      = errors.New("card network is simulated and never sees live money")
	ErrSignature = errors.New("notification is not from the card network")
)

// Config is what the network stands on. All fields are required.
type Config struct {
	DB *sqldb.DB
	// Clock is the server's time: notifications and their signatures travel in the real world.
	Clock pay.Clock
	IDs   ident.Source
	// Vault makes the key that notifications are signed with.
	Vault pay.Vault
	// BaseURL is the origin of the issuer's page, without a slash at the end.
	BaseURL string
}

// Network is the simulated card network. It is safe for concurrent use; several processes may
// share its records.
type Network struct {
	db    *sqldb.DB
	clock pay.Clock
	ids   ident.Source
	vault pay.Vault
	base  string

	behaviour sync.Map // of merchants: pay.Behaviour
	door      atomic.Pointer[Send]
}

// Send hands a notification to the merchant's side. An error means that it must come again.
type Send = func(ctx context.Context, header http.Header, body []byte) error

// New returns the network over its records. A network that could not sign its notifications does
// not start.
func New(c Config) (*Network, error) {
	if c.DB == nil || c.Clock == nil || c.IDs == nil || c.Vault == nil {
		return nil, errors.New("card network: database, clock, ids and vault are required")
	}
	if !strings.HasPrefix(c.BaseURL, "http") || strings.HasSuffix(c.BaseURL, "/") {
		return nil, fmt.Errorf("card network: base URL %q is not an origin", c.BaseURL)
	}
	return &Network{db: c.DB, clock: c.Clock, ids: c.IDs, vault: c.Vault, base: c.BaseURL}, nil
}

// Behave sets how the network treats a merchant from now on.
func (n *Network) Behave(_ context.Context, merchantID string, b pay.Behaviour) error {
	n.behaviour.Store(merchantID, b)
	return nil
}

// Behaviour returns how the network treats a merchant.
func (n *Network) Behaviour(_ context.Context, merchantID string) (pay.Behaviour, error) {
	return n.treats(merchantID), nil
}

func (n *Network) treats(merchantID string) pay.Behaviour {
	b, _ := n.behaviour.Load(merchantID)
	known, _ := b.(pay.Behaviour)
	return known
}

// Connect names the door that notifications are brought to before the reply to Start, by the card
// that asks for it. Without a door they come with the others, through Pump.
func (n *Network) Connect(door Send) { n.door.Store(&door) }

// Name returns the rail's name.
func (n *Network) Name() string { return Name }

// Facts returns the network's promises.
func (n *Network) Facts() pay.Facts {
	return pay.Facts{
		Method: pay.MethodCard, Mode: pay.Test, SubmitIdempotent: true,
		NotFoundFinalAfter: notFoundFinalAfter, ReviewAfter: reviewAfter, Deadline: deadline,
	}
}

// reached reports whether a call gets through to the network at all.
func (n *Network) reached(sc pay.Scope) error {
	switch {
	case sc.Mode != pay.Test:
		return ErrLive
	case n.treats(sc.MerchantID).Down:
		return ErrDown
	}
	return nil
}

// reply is the last step of every call: the answer, unless it is lost on its way back.
func (n *Network) reply(sc pay.Scope, out pay.Outcome, err error) (pay.Outcome, error) {
	if err == nil && n.treats(sc.MerchantID).LoseReplies {
		err = ErrNoReply
	}
	if err != nil {
		return pay.Outcome{}, err
	}
	return out, nil
}

// micros writes a time as the tables keep it: microseconds, UTC.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us *int64) time.Time {
	if us == nil {
		return time.Time{}
	}
	return time.UnixMicro(*us).UTC()
}
