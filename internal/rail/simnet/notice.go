package simnet

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Limits of notifications.
const (
	maxNotice       = 256 << 10       // bytes of a body
	signatureWindow = 5 * time.Minute // how far a signature's time may be off, either way
	maxNoticeTries  = 12              // then the network gives up; the poll finds the truth
	firstRetry      = 5 * time.Second // doubles with each try
)

// The types of notification. They are for people: the receiver asks what is true now.
const (
	noticeChanged  = "payment.changed"
	noticeEarlier  = "payment.authorised"
	noticeReceived = "transfer.received"
	noticeAgreed   = "agreement.changed"
	noticeTurned   = "agreement.turned" // by itself: planned, until then
)

const insertNotice = `INSERT INTO sim_notice
	(row_id, rail, notice_id, merchant_id, payment_id, type, due_at, tries, agreement, status)
	VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)`

// noticeBody is a notification as it is sent.
type noticeBody struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Payment string `json:"payment,omitempty"`
	// Status is the network's word for how the payment stood when it was told.
	Status string `json:"status,omitempty"`
	// Agreement is the token of the agreement that it is about.
	Agreement string `json:"agreement,omitempty"`
}

// headerOf names the header that carries "t=<unix seconds>,v1=<hex HMAC-SHA-256 of t.body>".
func headerOf(name string) string {
	return http.CanonicalHeaderKey("Kassa-" + name + "-Signature")
}

func delay(b pay.Behaviour) time.Duration { return time.Duration(b.DelayMillis) * time.Millisecond }

// queueNews plans the notifications of changes.
func (n *Network) queueNews(tx sqldb.Tx, b pay.Behaviour, r *Record, all []shift) {
	how := r.Scenario.Notice
	if how == NoticeNever {
		return
	}
	for i, one := range all {
		due := n.clock.Now().Add(one.in + delay(b))
		body := changed(n.ids.ID("ntc", due), r, one.status)
		if how == NoticeFirst {
			body.ID = firstNoticeID(r)
		}
		n.queueNotice(tx, r.MerchantID, body, due)
		switch {
		case how == NoticeTwice:
			n.queueNotice(tx, r.MerchantID, body, due)
		case how == NoticeReordered && i == len(all)-1:
			earlier := changed(n.ids.ID("ntc", due), r, "")
			earlier.Type = noticeEarlier
			n.queueNotice(tx, r.MerchantID, earlier, due.Add(reorderedBy))
		}
	}
}

func (n *Network) queueNotice(tx sqldb.Tx, merchantID string, body noticeBody, due time.Time) {
	tx.Queue(insertNotice, n.ids.ID("row", due), n.name, body.ID, merchantID, body.Payment,
		body.Type, micros(due), body.Agreement, body.Status)
}

// changed is the notification that a payment's outcome has changed.
func changed(id string, r *Record, status string) noticeBody {
	return noticeBody{ID: id, Type: noticeChanged, Payment: r.PaymentID, Status: status}
}

// firstNoticeID is the id under which the early notification is sent again by Pump, so that the
// receiver can tell that it has it already.
func firstNoticeID(r *Record) string { return "ntc_" + r.Reference }

// notifyFirst brings the notification to the door before Start has answered. If the door is shut,
// Pump will come again.
func (n *Network) notifyFirst(ctx context.Context, b pay.Behaviour, r *Record) {
	door := n.door.Load()
	if door == nil || b.DropNotices {
		return
	}
	body := changed(firstNoticeID(r), r, n.outcome(r, r.StartedAt).NetworkStatus)
	_ = n.deliver(ctx, n.clock.Now(), body, *door)
}

// deliver signs one notification and brings it to the door.
func (n *Network) deliver(ctx context.Context, now time.Time, body noticeBody, send Send) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set(n.header, n.sign(now, text))
	return send(ctx, header, text)
}

func (n *Network) sign(now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(n.mac(t, body))
}

// mac is keyed for this network alone: what one network signs is nothing at another's door.
func (n *Network) mac(t string, body []byte) []byte {
	return n.vault.MAC("sim "+n.name+" notification", t+"."+string(body))
}

// Notify verifies a notification. Whatever is not certainly from the network is ErrSignature.
func (n *Network) Notify(
	_ context.Context, header http.Header, body []byte,
) (pay.Notice, error) {
	if len(body) > maxNotice || !n.signed(header.Values(n.header), body) {
		return pay.Notice{}, ErrSignature
	}
	var b noticeBody
	if err := json.Unmarshal(body, &b); err != nil {
		return pay.Notice{}, fmt.Errorf("notification: %w", err)
	}
	if b.ID == "" || b.Payment == "" && b.Agreement == "" {
		return pay.Notice{}, errors.New("notification without an id, or about nothing")
	}
	return pay.Notice{ID: b.ID, PaymentID: b.Payment, Token: b.Agreement}, nil
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
