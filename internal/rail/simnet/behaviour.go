package simnet

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Bounds of what a process remembers of the stored behaviours.
const (
	rememberFor   = time.Second // until a change made by another process is seen, server time
	maxRemembered = 10_000
)

const (
	selectBehaviour = `SELECT settings FROM sim_behaviour WHERE rail = $1 AND merchant_id = $2`
	storeBehaviour  = `INSERT INTO sim_behaviour (rail, merchant_id, down, settings)
		VALUES ($1, $2, $3, $4) ON CONFLICT (rail, merchant_id)
		DO UPDATE SET down = $3, settings = $4`
)

// remembered saves every call a look at the table.
type remembered struct {
	mu  sync.Mutex
	all map[string]memory // by merchant
}

type memory struct {
	pay.Behaviour
	at time.Time
}

func (m *remembered) get(merchantID string, now time.Time) (pay.Behaviour, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.all[merchantID]
	age := now.Sub(known.at)
	return known.Behaviour, ok && age >= 0 && age < rememberFor
}

func (m *remembered) put(merchantID string, b pay.Behaviour, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= maxRemembered {
		m.all = map[string]memory{}
	}
	m.all[merchantID] = memory{b, now}
}

// Behaviour returns how the network treats a merchant. What another process has set is seen within
// a second.
func (n *Network) Behaviour(ctx context.Context, merchantID string) (pay.Behaviour, error) {
	now := n.clock.Now()
	if known, ok := n.behaviour.get(merchantID, now); ok {
		return known, nil
	}
	var b pay.Behaviour
	var settings string
	err := n.db.Reader().QueryRow(ctx, selectBehaviour, n.name, merchantID).Scan(&settings)
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
	case err != nil:
		return b, err
	default:
		if err := json.Unmarshal([]byte(settings), &b); err != nil {
			return b, err
		}
	}
	n.behaviour.put(merchantID, b, now)
	return b, nil
}

// Behave sets how the network treats a merchant from now on.
func (n *Network) Behave(ctx context.Context, merchantID string, b pay.Behaviour) error {
	providers := n.model.Providers()
	for _, name := range b.Outage {
		if !slices.Contains(providers, name) {
			return unknownProvider(name, providers)
		}
	}
	settings, err := json.Marshal(b)
	if err != nil {
		return err
	}
	err = n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue(storeBehaviour, n.name, merchantID, b.Down, string(settings))
		return nil
	})
	if err == nil {
		n.behaviour.put(merchantID, b, n.clock.Now())
	}
	return err
}

func unknownProvider(name string, providers []string) error {
	if len(providers) == 0 {
		return pay.BadParam("outage", "parameter_invalid",
			"This network has no providers that could be down one by one. Use down instead.")
	}
	return pay.BadParam("outage", "parameter_invalid",
		"%.40q is not a provider of this network. Known are: %s.", name,
		strings.Join(providers, ", "))
}

// Advance moves what the network has planned for the merchant, in server time, that much nearer.
// What follows the merchant's own clock needs no help.
func (n *Network) Advance(ctx context.Context, merchantID string, by time.Duration) error {
	return n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue(`UPDATE sim_notice SET due_at = due_at - $3 WHERE rail = $1 AND merchant_id = $2`,
			n.name, merchantID, by.Microseconds())
		tx.Queue(`UPDATE sim_payment SET prompt_until = prompt_until - $3
			WHERE rail = $1 AND merchant_id = $2 AND prompt_until > $4`,
			n.name, merchantID, by.Microseconds(), micros(n.clock.Now()))
		return nil
	})
}
