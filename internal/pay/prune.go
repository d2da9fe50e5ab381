package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
)

// How long what is over is kept, in the server's time.
const (
	// DeliveryTTL is how long a merchant can see what was sent to an endpoint, and have it sent once
	// more. The event itself is kept.
	DeliveryTTL = 30 * 24 * time.Hour
	// noticeMemory is how long a rail's notification is known when it comes once more.
	noticeMemory = 30 * 24 * time.Hour

	// foldAfter is how old a line of the journal is that is folded into the balance: older than any
	// transaction can be, and further back than the clocks of two nodes are apart.
	foldAfter = 24 * time.Hour

	pruneBatch = 256 // rows of each kind per round
	foldBatch  = 1024
)

// Prune forgets what nobody needs any more, one bounded round in a few short transactions:
// idempotency keys, deliveries that are over, what is left of deleted endpoints, and notifications
// that were applied. What happened to money is kept.
func (s *Service) Prune(ctx context.Context) (int, error) {
	now := s.clock.Now()
	sum := int64(0)
	for _, prune := range []func(context.Context, Tx) (int64, error){
		func(ctx context.Context, tx Tx) (int64, error) {
			return tx.PruneIdempotency(ctx, now.Add(-IdempotencyTTL), pruneBatch)
		},
		func(ctx context.Context, tx Tx) (int64, error) {
			old := now.Add(-DeliveryTTL)
			return tx.PruneDeliveries(ctx, ident.First("dlv", old), old, pruneBatch)
		},
		func(ctx context.Context, tx Tx) (int64, error) {
			return tx.PruneEndpoints(ctx, pruneBatch)
		},
		func(ctx context.Context, tx Tx) (int64, error) {
			return tx.PruneNotices(ctx, now.Add(-noticeMemory), pruneBatch)
		},
	} {
		var n int64
		err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
			n, err = prune(ctx, tx)
			return err
		})
		if err != nil {
			return int(sum), err
		}
		sum += n
	}
	n, err := s.fold(ctx, now.Add(-foldAfter))
	return int(sum + n), err
}

// fold sums up what is old in the journals of live mode, so that a balance stays quick to read
// however long the journal grows. Test clocks jump, and what is behind a jump may still come: there
// the whole journal is read each time.
func (s *Service) fold(ctx context.Context, before time.Time) (sum int64, err error) {
	all, err := s.store.Merchants(ctx)
	for _, m := range all {
		var n int64
		if err == nil {
			err = s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
				n, err = tx.FoldJournal(ctx, Scope{MerchantID: m.ID, Mode: Live},
					ident.First("bt", before), foldBatch)
				return err
			})
		}
		sum += n
	}
	return sum, err
}
