package card

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex HMAC-SHA-256 of t.body>".
const SignatureHeader = "Kassa-Card-Signature"

// Limits of notifications.
const (
	maxNotice       = 256 << 10       // bytes of a body
	signatureWindow = 5 * time.Minute // how far a signature's time may be off, either way
	maxNoticeTries  = 12              // then the network gives up; the poll finds the truth
	firstRetry      = 5 * time.Second // doubles with each try
)

const purposeNotice = "sim card notification"

// The types of notification. They are for people: the receiver asks what is true now.
const (
	noticeDecided = "payment.decided"
	noticeEarlier = "payment.authorised"
)

const insertNotice = `INSERT INTO sim_card_notice
	(row_id, notice_id, merchant_id, payment_id, type, due_at, tries)
	VALUES ($1, $2, $3, $4, $5, $6, 0)`

// notice is one notification on its way.
type notice struct {
	row      string
	merchant string
	tries    int64
	body     noticeBody
}

// noticeBody is a notification as it is sent.
type noticeBody struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Payment string `json:"payment"`
}

// queueNotices plans what the network will tell about a decision that began at now, the merchant's
// clock. A decision that the reply itself carries is not told again, unless the payer took part.
func (n *Network) queueNotices(tx sqldb.Tx, r *record, now time.Time) {
	s, b := r.scenario, n.treats(r.merchantID)
	if s.notice == noticeNever || s.after == 0 && s.notice != noticeFirst && !s.challenge {
		return
	}
	due := n.clock.Now().Add(s.after + time.Duration(b.DelayMillis)*time.Millisecond)
	id := n.ids.ID("ntc", now)
	if s.notice == noticeFirst {
		id = firstNoticeID(r)
	}
	n.queueNotice(tx, r, noticeBody{id, noticeDecided, r.paymentID}, due)
	switch s.notice {
	case noticeTwice:
		n.queueNotice(tx, r, noticeBody{id, noticeDecided, r.paymentID}, due)
	case noticeReordered:
		earlier := noticeBody{n.ids.ID("ntc", now), noticeEarlier, r.paymentID}
		n.queueNotice(tx, r, earlier, due.Add(reorderedBy))
	}
}

func (n *Network) queueNotice(tx sqldb.Tx, r *record, body noticeBody, due time.Time) {
	tx.Queue(insertNotice, n.ids.ID("row", due), body.ID, r.merchantID, r.paymentID, body.Type,
		micros(due))
}

// firstNoticeID is the id under which the early notification is sent again by Pump, so that the
// receiver can tell that it has it already.
func firstNoticeID(r *record) string { return "ntc_" + r.reference }

// notifyFirst brings the notification to the door before Start has answered. If the door is shut,
// Pump will come again.
func (n *Network) notifyFirst(ctx context.Context, r *record) {
	door := n.door.Load()
	if door == nil || n.treats(r.merchantID).DropNotices {
		return
	}
	_ = n.deliver(ctx, n.clock.Now(), noticeBody{firstNoticeID(r), noticeDecided, r.paymentID},
		*door)
}

// deliver signs one notification and brings it to the door.
func (n *Network) deliver(ctx context.Context, now time.Time, body noticeBody, send Send) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(SignatureHeader, n.sign(now, text))
	return send(ctx, header, text)
}

func (n *Network) sign(now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(n.mac(t, body))
}

func (n *Network) mac(t string, body []byte) []byte {
	return n.vault.MAC(purposeNotice, t+"."+string(body))
}

// Notify verifies a notification. Whatever is not certainly from the network is ErrSignature.
func (n *Network) Notify(
	_ context.Context, header http.Header, body []byte,
) (pay.Notice, error) {
	if len(body) > maxNotice || !n.signed(header.Values(SignatureHeader), body) {
		return pay.Notice{}, ErrSignature
	}
	var b noticeBody
	if err := json.Unmarshal(body, &b); err != nil {
		return pay.Notice{}, fmt.Errorf("notification: %w", err)
	}
	if b.ID == "" || b.Payment == "" {
		return pay.Notice{}, errors.New("notification without an id or a payment")
	}
	return pay.Notice{ID: b.ID, PaymentID: b.Payment}, nil
}

// signed reports whether exactly one signature is there, is recent, and is right.
func (n *Network) signed(headers []string, body []byte) bool {
	if len(headers) != 1 {
		return false
	}
	rest, ok := strings.CutPrefix(headers[0], "t=")
	t, v1, found := strings.Cut(rest, ",v1=")
	seconds, err := strconv.ParseInt(t, 10, 64)
	if !ok || !found || err != nil {
		return false
	}
	age := n.clock.Now().Sub(time.Unix(seconds, 0))
	claimed, err := hex.DecodeString(v1)
	if err != nil || age > signatureWindow || age < -signatureWindow {
		return false
	}
	return hmac.Equal(claimed, n.mac(t, body))
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
	n.reorder(due)
	var done []string
	for _, one := range due {
		err := n.attempt(ctx, now, one, send)
		if err == nil || one.tries+1 >= maxNoticeTries {
			done = append(done, one.row)
		}
	}
	return len(due), n.forget(context.WithoutCancel(ctx), done)
}

// reorder puts the latest first of what is due at once for a merchant that wants it so.
func (n *Network) reorder(due []notice) {
	if len(due) > 0 && n.treats(due[0].merchant).Reorder {
		slices.Reverse(due)
	}
}

// attempt sends one notification as often as the network's behaviour asks: usually once.
func (n *Network) attempt(ctx context.Context, now time.Time, one notice, send Send) error {
	b := n.treats(one.merchant)
	if b.Down {
		return ErrDown
	}
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
	err := n.db.Reader().QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM sim_card_notice
		WHERE due_at <= $1 LIMIT 1) AS due`, micros(now)).Scan(&waiting)
	if err != nil || waiting == 0 {
		return nil, err
	}
	var due []notice
	err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		if due, err = selectDue(ctx, tx, now, limit); err != nil {
			return err
		}
		for _, one := range due {
			next := now.Add(firstRetry << one.tries)
			tx.Queue(`UPDATE sim_card_notice SET due_at = $2, tries = tries + 1
				WHERE row_id = $1`, one.row, micros(next))
		}
		return nil
	})
	return due, err
}

func selectDue(ctx context.Context, tx sqldb.Tx, now time.Time, limit int) ([]notice, error) {
	rows, err := tx.Query(ctx, `SELECT row_id, merchant_id, tries, notice_id, type, payment_id
		FROM sim_card_notice WHERE due_at <= $1 ORDER BY due_at, row_id LIMIT $2
		/*skip locked*/`, micros(now), int64(limit))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []notice
	for rows.Next() {
		var one notice
		if err := rows.Scan(&one.row, &one.merchant, &one.tries, &one.body.ID, &one.body.Type,
			&one.body.Payment); err != nil {
			return nil, err
		}
		due = append(due, one)
	}
	return due, rows.Err()
}

func (n *Network) forget(ctx context.Context, rows []string) error {
	if len(rows) == 0 {
		return nil
	}
	return n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		for _, row := range rows {
			tx.Queue(`DELETE FROM sim_card_notice WHERE row_id = $1`, row)
		}
		return nil
	})
}
