package storetest

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var requestCases = map[string]func(*run){
	"Idempotency_RoundTrip":        idempotencyRoundTrip,
	"Idempotency_OneRequestWins":   idempotencyRace,
	"Idempotency_FirstAnswerStays": idempotencyFinish,
	"Idempotency_Prune":            idempotencyPrune,
	"Idempotency_PruneWhatDied":    idempotencyDied,
	"Notice_OnceEach":              noticeOnce,
	"Notice_Claim":                 noticeClaim,
	"Notice_ClaimsAreApart":        noticeRace,
	"Notice_Prune":                 noticePrune,
}

func (r *run) idempotent(sc pay.Scope, key string) pay.IdempotencyRecord {
	return pay.IdempotencyRecord{
		Scope: sc, Key: key, Fingerprint: []byte{0, 1, 255}, ObjectID: "cs_1", Sealed: true,
		Reply:     &pay.Reply{Status: 201, Body: []byte{'{', 0, 255, '}'}},
		CreatedAt: r.now,
	}
}

func (r *run) addRecord(rec pay.IdempotencyRecord) {
	r.Helper()
	r.do(func(tx pay.Tx) error { return tx.InsertIdempotency(r.ctx, rec) })
}

func idempotencyRoundTrip(r *run) {
	done, running, empty := r.idempotent(shop, "a"), r.idempotent(shop, "b"), r.idempotent(shop, "🔑 c")
	running.Reply, running.Sealed = nil, false
	empty.Reply = &pay.Reply{Status: 204, Body: []byte{}}
	for _, rec := range []pay.IdempotencyRecord{done, running, empty} {
		r.absent(fails(r.Idempotency(r.ctx, shop, rec.Key)))
		r.addRecord(rec)
		r.eq(got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, rec.Key)), rec)
		for _, sc := range others {
			r.absent(fails(r.Idempotency(r.ctx, sc, rec.Key)))
		}
	}
	for _, sc := range others {
		r.addRecord(r.idempotent(sc, "a"))
	}
	r.absent(fails(r.Idempotency(r.ctx, shop, "A")))
}

func idempotencyRace(r *run) {
	r.oneWins(r.race(20, func(int) error {
		s := r.session(shop)
		return r.try(func(tx pay.Tx) error {
			if err := tx.InsertSession(r.ctx, s, s.ExpiresAt); err != nil {
				return err
			}
			return tx.InsertIdempotency(r.ctx, r.idempotent(shop, "same"))
		})
	}))
	r.eq(len(r.sessionIDs(shop, pay.SessionFilter{Page: page(100), Now: r.now})), 1)
}

func idempotencyFinish(r *run) {
	rec := r.idempotent(shop, "a")
	answer := rec
	rec.Reply = nil
	r.addRecord(rec)
	finish := func(rec pay.IdempotencyRecord) {
		r.do(func(tx pay.Tx) error { return tx.FinishIdempotency(r.ctx, rec) })
	}
	foreign := answer
	foreign.Scope = rival
	finish(foreign)
	r.eq(got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, "a")), rec)
	finish(answer)
	second := answer
	second.Reply = &pay.Reply{Status: 500, Body: []byte("other")}
	finish(second)
	r.eq(got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, "a")), answer)
	free := func(key string) {
		r.do(func(tx pay.Tx) error { return tx.FreeIdempotency(r.ctx, shop, key) })
	}
	free("a")
	r.eq(got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, "a")), answer)
	open := r.idempotent(shop, "b")
	open.Reply = nil
	r.addRecord(open)
	r.do(func(tx pay.Tx) error { return tx.FreeIdempotency(r.ctx, rival, "b") })
	r.eq(got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, "b")), open)
	free("b")
	r.absent(fails(r.Idempotency(r.ctx, shop, "b")))
}

func idempotencyPrune(r *run) {
	for i, key := range []string{"a", "b", "c"} {
		rec := r.idempotent(shop, key)
		rec.CreatedAt = r.in(i)
		r.addRecord(rec)
	}
	r.eq(r.pruneKeys(r.in(2), 1), int64(1))
	r.absent(fails(r.Idempotency(r.ctx, shop, "a")))
	r.eq(r.pruneKeys(r.in(2), 10), int64(1))
	r.eq(r.pruneKeys(r.in(2), 10), int64(0))
	got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, "c"))
}

// idempotencyDied: the key of a request that never answered goes with the others, but not before
// what the request began has an end.
func idempotencyDied(r *run) {
	payment := func(due time.Time) pay.Payment {
		p := r.payment(shop)
		p.SessionID = r.addSession(shop, func(*pay.Session) {}).ID
		r.do(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, due) })
		return p
	}
	refund := func(due time.Time) pay.Refund {
		x := r.refund(payment(time.Time{}))
		r.do(func(tx pay.Tx) error { return tx.InsertRefund(r.ctx, x, due) })
		return x
	}
	over, open := time.Time{}, r.in(1)
	died := map[string]string{
		"nothing": "mdt_1", "payment": payment(over).ID, "session": payment(over).SessionID,
		"refund": refund(over).ID,
	}
	undecided := map[string]string{
		"payment still": payment(open).ID, "session still": payment(open).SessionID,
		"refund still": refund(open).ID,
	}
	for _, keys := range []map[string]string{undecided, died} {
		for key, object := range keys {
			rec := r.idempotent(shop, key)
			rec.ObjectID, rec.Reply, rec.Sealed = object, nil, false
			r.addRecord(rec)
		}
	}
	r.eq(r.pruneKeys(r.now, 10), int64(0))
	r.eq(r.pruneKeys(r.in(1), 10), int64(len(died)))
	for key := range died {
		r.absent(fails(r.Idempotency(r.ctx, shop, key)))
	}
	for key := range undecided {
		got[pay.IdempotencyRecord](r)(r.Idempotency(r.ctx, shop, key))
	}
}

func (r *run) pruneKeys(before time.Time, limit int) int64 {
	r.Helper()
	return inUnit(r, func(tx pay.Tx) (int64, error) {
		return tx.PruneIdempotency(r.ctx, before, limit)
	})
}

func (r *run) addNotice(rail, id string, at time.Time) pay.StoredNotice {
	r.Helper()
	n := pay.StoredNotice{
		Rail: rail, ReceivedAt: at,
		Notice: pay.Notice{ID: id, PaymentID: "pay_1", Token: "agreement " + id},
	}
	r.do(func(tx pay.Tx) error { return tx.InsertNotice(r.ctx, n) })
	return n
}

func noticeOnce(r *run) {
	n := r.addNotice("card", "1", r.now)
	r.addNotice("other", "1", r.now)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error { return tx.InsertNotice(r.ctx, n) })
}

func (r *run) claimedNotices(at, until, limit int) []pay.StoredNotice {
	r.Helper()
	return inUnit(r, func(tx pay.Tx) ([]pay.StoredNotice, error) {
		return tx.ClaimNotices(r.ctx, r.in(at), r.in(until), limit)
	})
}

func noticeClaim(r *run) {
	r.addNotice("card", "late", r.in(5))
	n := r.addNotice("card", "1", r.in(-1))
	n.Tries = 1
	r.eq(r.claimedNotices(0, 30, 10), []pay.StoredNotice{n})
	r.eq(len(r.claimedNotices(0, 30, 10)), 0)
	n.Tries = 2
	r.eq(r.claimedNotices(30, 60, 1)[0].Tries <= 2, true)
	r.claimedNotices(30, 60, 10)
	for i, matched := range []bool{true, false} {
		notice := n
		notice.Notice.ID = []string{"1", "late"}[i]
		r.do(func(tx pay.Tx) error { return tx.FinishNotice(r.ctx, notice, matched) })
	}
	r.eq(len(r.claimedNotices(9999, 99999, 10)), 0)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error { return tx.InsertNotice(r.ctx, n) })
}

func noticeRace(r *run) {
	const notices = 30
	for i := range notices {
		r.addNotice("card", string(rune('A'+i)), r.in(-1))
	}
	claims := make([][]string, 6)
	r.race(len(claims), func(i int) error {
		for range 5 {
			for _, n := range r.claimedNotices(0, 30, 2) {
				claims[i] = append(claims[i], n.Notice.ID)
			}
		}
		return nil
	})
	r.apart(claims, notices)
}

// noticePrune: closed notices go when they are old, and may come once more then.
func noticePrune(r *run) {
	closed, old := r.addNotice("card", "closed", r.in(-2)), r.addNotice("card", "old", r.in(-1))
	open, young := r.addNotice("card", "open", r.in(-2)), r.addNotice("card", "young", r.now)
	for i, n := range []pay.StoredNotice{closed, old, young} {
		r.do(func(tx pay.Tx) error { return tx.FinishNotice(r.ctx, n, i == 0) })
	}
	prune := func(limit int) int64 {
		return inUnit(r, func(tx pay.Tx) (int64, error) {
			return tx.PruneNotices(r.ctx, r.now, limit)
		})
	}
	r.eq(prune(1), int64(1))
	r.eq(prune(10), int64(1))
	r.eq(prune(10), int64(0))
	r.addNotice("card", "closed", r.now)
	for _, n := range []pay.StoredNotice{open, young} {
		r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
			return tx.InsertNotice(r.ctx, n)
		})
	}
}
