package simnet

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// What a network that is down for a merchant has to tell waits until it is back.
const (
	anyDue = `SELECT COUNT(*) FROM (SELECT 1 FROM sim_notice
		WHERE rail = $1 AND due_at <= $2 LIMIT 1) AS due`
	selectDue = `SELECT row_id, merchant_id, tries, notice_id, type, payment_id, agreement,
		status
		FROM sim_notice WHERE rail = $1 AND due_at <= $2 AND NOT EXISTS (SELECT 1
			FROM sim_behaviour AS b WHERE b.rail = sim_notice.rail
			AND b.merchant_id = sim_notice.merchant_id AND b.down)
		ORDER BY due_at, row_id LIMIT $3 /*skip locked*/`
	postpone = `UPDATE sim_notice SET due_at = $2, tries = tries + 1 WHERE row_id = $1`
	forget   = `DELETE FROM sim_notice WHERE row_id = $1`
)

// notice is one notification on its way.
type notice struct {
	row      string
	merchant string
	tries    int64
	body     noticeBody
}

// Pump sends the notifications that are due at now, server time, at most limit of them, and returns
// how many it tried. One that the door refuses comes again later. A claimed notification belongs to
// one process until it is due again.
func (n *Network) Pump(
	ctx context.Context, now time.Time, limit int, send Send,
) (int, error) {
	due, err := n.claim(ctx, now, limit)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	how, err := n.behaviours(ctx, due)
	if err != nil {
		return 0, err
	}
	reorder(due, how)
	var done []string
	for _, one := range due {
		err := n.attempt(ctx, now, how[one.merchant], one, send)
		if err == nil || one.tries+1 >= maxNoticeTries {
			done = append(done, one.row)
		}
	}
	return len(due), n.forget(context.WithoutCancel(ctx), done)
}

// behaviours reads how the network treats the merchants of these notifications.
func (n *Network) behaviours(
	ctx context.Context, due []notice,
) (map[string]pay.Behaviour, error) {
	how := map[string]pay.Behaviour{}
	for _, one := range due {
		if _, known := how[one.merchant]; known {
			continue
		}
		b, err := n.Behaviour(ctx, one.merchant)
		if err != nil {
			return nil, err
		}
		how[one.merchant] = b
	}
	return how, nil
}

// reorder puts the latest first, of what is due at once for a merchant who wants it so. The others
// keep their places.
func reorder(due []notice, how map[string]pay.Behaviour) {
	places := map[string][]int{}
	for i, one := range due {
		if how[one.merchant].Reorder {
			places[one.merchant] = append(places[one.merchant], i)
		}
	}
	for _, at := range places {
		for i, j := 0, len(at)-1; i < j; i, j = i+1, j-1 {
			due[at[i]], due[at[j]] = due[at[j]], due[at[i]]
		}
	}
}

// attempt sends one notification as often as the network's behaviour asks: usually once.
func (n *Network) attempt(
	ctx context.Context, now time.Time, b pay.Behaviour, one notice, send Send,
) error {
	if b.DropNotices {
		return nil
	}
	if b.Duplicate {
		if err := n.deliver(ctx, now, one.body, send); err != nil {
			return err
		}
	}
	return n.deliver(ctx, now, one.body, send)
}

// claim takes due notifications and moves their time to that of the next try.
func (n *Network) claim(ctx context.Context, now time.Time, limit int) ([]notice, error) {
	var waiting int64
	err := n.db.Reader().QueryRow(ctx, anyDue, n.name, micros(now)).Scan(&waiting)
	if err != nil || waiting == 0 {
		return nil, err
	}
	var due []notice
	err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if due, err = n.due(ctx, tx, now, limit); err != nil {
			return err
		}
		for _, one := range due {
			tx.Queue(postpone, one.row, micros(now.Add(firstRetry<<one.tries)))
		}
		return nil
	})
	return due, err
}

func (n *Network) due(
	ctx context.Context, tx sqldb.Tx, now time.Time, limit int,
) ([]notice, error) {
	rows, err := tx.Query(ctx, selectDue, n.name, micros(now), int64(limit))
	return gather(rows, err, func(row sqldb.Row) (one notice, err error) {
		err = row.Scan(&one.row, &one.merchant, &one.tries, &one.body.ID, &one.body.Type,
			&one.body.Payment, &one.body.Agreement, &one.body.Status)
		return one, err
	})
}

func (n *Network) forget(ctx context.Context, rows []string) error {
	if len(rows) == 0 {
		return nil
	}
	return n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		for _, row := range rows {
			tx.Queue(forget, row)
		}
		return nil
	})
}
