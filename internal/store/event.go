package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	eventColumns = `id, merchant_id, mode, type, kind, object_id, sequence, family, data, request_id,
		idempotency_key, COALESCE(target, ''), fanned_out, created_at, COALESCE(hook, '')`
	// What is shown of an event includes how many of its deliveries are still to be made.
	eventShown = eventColumns + `, (SELECT COUNT(*) FROM delivery
		WHERE delivery.event_id = event.id AND delivery.state = 'pending')`
	selectEvent = `SELECT ` + eventShown + ` FROM event
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND target IS NULL`
	eventPage = `SELECT ` + eventShown + ` FROM event
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND target IS NULL
		AND ($5 = '' OR replace($5, '|' || type || '|', '') <> $5)
		AND ($6 = '' OR family = $6)`
	selectEvents         = eventPage + listOrder
	selectEventsByFamily = eventPage + ` AND family = $6 AND family <> '` + nativeFamily + `'` +
		listOrder

	eventRange = `SELECT ` + eventShown + ` FROM event
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND target IS NULL
		AND type = ` + rangeWord + ` AND type <> 'session.open' AND type <> 'session.complete'
		AND type <> 'payment.created' AND type <> 'payment.paid'`
	eventFamilyRange = eventRange + ` AND family = $5 AND family <> '` + nativeFamily + `'`

	// An object has few events. The merchant is compared as an expression, or SQLite would walk
	// the merchant's events to find them.
	selectEventsByObject = `SELECT ` + eventShown + ` FROM event
		WHERE object_id = $7 AND merchant_id || '' = $1 AND mode = $2 AND id < $3
		AND target IS NULL AND ($5 = '' OR replace($5, '|' || type || '|', '') <> $5)
		AND ($6 = '' OR family = $6)` + listOrder

	insertEvent = `INSERT INTO event (id, merchant_id, mode, type, kind, object_id, sequence, family,
		data, request_id, idempotency_key, target, created_at, fanned_out,
		hook)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	// Nodes take turns here instead of sharing the rows out: whether an event has to wait for the
	// one before it can be told only when the deliveries of that one are there to be seen.
	unsentEvents = `SELECT ` + eventColumns + ` FROM event WHERE fanned_out = FALSE
		ORDER BY created_at, sequence LIMIT $1 /*for update*/`
	markSent = `UPDATE event SET fanned_out = TRUE
		WHERE merchant_id = $1 AND mode = $2 AND id = $3`
)

// eventRow holds an event while it is scanned.
type eventRow struct {
	e       pay.Event
	data    string
	created int64
}

func (r *eventRow) columns() []any {
	return []any{
		&r.e.ID, &r.e.MerchantID, (*string)(&r.e.Mode), &r.e.Type, (*string)(&r.e.Kind),
		&r.e.ObjectID, &r.e.Sequence, &r.e.Family, &r.data, &r.e.RequestID, &r.e.IdempotencyKey,
		&r.e.Target, &r.e.Sent, &r.created, &r.e.Hook,
	}
}

func (r *eventRow) event() pay.Event {
	r.e.Data, r.e.CreatedAt = []byte(r.data), moment(r.created)
	return r.e
}

func scanEvent(row sqldb.Row) (pay.Event, error) {
	var r eventRow
	err := row.Scan(r.columns()...)
	return r.event(), err
}

func scanShownEvent(row sqldb.Row) (pay.Event, error) {
	var r eventRow
	err := row.Scan(append(r.columns(), &r.e.Pending)...)
	return r.event(), err
}

func (v view) Event(ctx context.Context, sc pay.Scope, id string) (pay.Event, error) {
	return one(v.r.QueryRow(ctx, selectEvent, id, sc.MerchantID, string(sc.Mode)), scanShownEvent)
}

func (v view) Events(
	ctx context.Context, sc pay.Scope, f pay.EventFilter,
) ([]pay.Event, error) {
	args := []any{
		sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit), wordList(f.Types), f.Family,
	}
	var rows sqldb.Rows
	var err error
	switch {
	case f.ObjectID != "":
		rows, err = v.r.Query(ctx, selectEventsByObject, append(args, f.ObjectID)...)
	case f.Family != "" && f.Family != nativeFamily && fewTypes(f.Types):
		sql, args := ranges{eventFamilyRange, append(args[:listArgs], f.Family)}.list(f.Types)
		rows, err = v.r.Query(ctx, sql, args...)
	case f.Family != "" && f.Family != nativeFamily:
		rows, err = v.r.Query(ctx, selectEventsByFamily, args...)
	case f.Family == "" && fewTypes(f.Types):
		sql, args := ranges{eventRange, args[:listArgs]}.list(f.Types)
		rows, err = v.r.Query(ctx, sql, args...)
	default:
		rows, err = v.r.Query(ctx, selectEvents, args...)
	}
	return all(rows, err, scanShownEvent)
}

// commonTypes are what every payment tells of. They are in no index of types: a walk soon meets
// one.
var commonTypes = []string{"session.open", "session.complete", "payment.created", "payment.paid"}

// fewTypes reports whether a list asks for types that are rare, and so few that their ranges are
// worth it. One that asks for more asks for nearly everything, and walks whatever there is.
func fewTypes(types []string) bool {
	const few = 8
	return 0 < len(types) && len(types) <= few &&
		!slices.ContainsFunc(types, func(t string) bool { return slices.Contains(commonTypes, t) })
}

func (w *work) InsertEvent(_ context.Context, e pay.Event) error {
	w.tx.Queue(insertEvent, e.ID, e.MerchantID, string(e.Mode), e.Type, string(e.Kind), e.ObjectID,
		e.Sequence, e.Family, string(e.Data), e.RequestID, e.IdempotencyKey, nullable(e.Target),
		e.CreatedAt.UnixMicro(), e.Sent, nullable(e.Hook))
	return nil
}

func (w *work) UnsentEvents(ctx context.Context, limit int) ([]pay.Event, error) {
	rows, err := w.r.Query(ctx, unsentEvents, int64(limit))
	events, err := all(rows, err, scanEvent)
	w.unsent = make(map[string]pay.Scope, len(events))
	for _, e := range events {
		w.unsent[e.ID] = pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}
	}
	return events, err
}

func (w *work) MarkSent(_ context.Context, eventIDs []string) error {
	for _, id := range eventIDs {
		sc, ok := w.unsent[id]
		if !ok {
			return fmt.Errorf("event %s was not taken from the outbox in this unit", id)
		}
		w.tx.Queue(markSent, sc.MerchantID, string(sc.Mode), id)
	}
	return nil
}
