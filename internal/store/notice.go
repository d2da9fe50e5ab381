package store

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	insertNotice = `INSERT INTO inbox (rail, notice_id, payment_id, token, state, tries, received_at,
		due_at)
		VALUES ($1, $2, $3, $6, 'pending', $4, $5, $5)`
	claimNotices = `WITH due AS (
		SELECT rail, notice_id FROM inbox WHERE due_at <= $1 ORDER BY due_at LIMIT $3
		/*skip locked*/)
		UPDATE inbox SET due_at = $2, tries = tries + 1
		WHERE (rail, notice_id) IN (SELECT rail, notice_id FROM due)
		RETURNING rail, notice_id, payment_id, received_at, tries, token`
	finishNotice = `UPDATE inbox SET state = $3, due_at = NULL WHERE rail = $1 AND notice_id = $2`
	pruneNotices = `DELETE FROM inbox WHERE (rail, notice_id) IN (
		SELECT rail, notice_id FROM inbox
		WHERE due_at IS NULL AND received_at < $1 ORDER BY received_at LIMIT $2)`
)

func scanNotice(row sqldb.Row) (n pay.StoredNotice, err error) {
	var received int64
	err = row.Scan(&n.Rail, &n.Notice.ID, &n.Notice.PaymentID, &received, &n.Tries,
		&n.Notice.Token)
	n.ReceivedAt = moment(received)
	return n, err
}

func (w *work) InsertNotice(_ context.Context, n pay.StoredNotice) error {
	w.tx.Queue(insertNotice, n.Rail, n.Notice.ID, n.Notice.PaymentID, n.Tries,
		n.ReceivedAt.UnixMicro(), n.Notice.Token)
	return nil
}

func (w *work) ClaimNotices(
	ctx context.Context, now, until time.Time, limit int,
) ([]pay.StoredNotice, error) {
	rows, err := w.r.Query(ctx, claimNotices, now.UnixMicro(), until.UnixMicro(), int64(limit))
	return all(rows, err, scanNotice)
}

func (w *work) FinishNotice(_ context.Context, n pay.StoredNotice, matched bool) error {
	state := "unmatched"
	if matched {
		state = "matched"
	}
	w.tx.Queue(finishNotice, n.Rail, n.Notice.ID, state)
	return nil
}

func (w *work) PruneNotices(ctx context.Context, before time.Time, limit int) (int64, error) {
	n, err := w.tx.Exec(ctx, pruneNotices, before.UnixMicro(), int64(limit))
	return n, meaning(err)
}
