package pay

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"time"
)

// IdempotencyTTL is how long a key answers with what it answered first. A key whose operation is
// not final is never forgotten.
const IdempotencyTTL = 30 * 24 * time.Hour

// Reply is an answer as it goes over the wire, kept so that a repeat gets the same bytes.
type Reply struct {
	Status   int
	Body     []byte
	Replayed bool // it was made by an earlier request with the same key
}

// Once carries a request's idempotency key and the way to render the answer, so that object, key
// and answer can be written in one transaction. A nil *Once means: no key, and nobody reads the
// reply.
type Once[T any] struct {
	Key         string // "" when the caller sent none
	Fingerprint [32]byte
	// Render encodes the result. It is called inside a transaction and must be pure.
	Render func(T) Reply
	// Secret marks an answer that shows a secret, be it in the address of a page; it is sealed at
	// rest.
	Secret bool
}

func (o *Once[T]) keyed() bool { return o != nil && o.Key != "" }

func (o *Once[T]) render(v T) Reply {
	if o == nil || o.Render == nil {
		return Reply{}
	}
	return o.Render(v)
}

// ticket is the part of a Once that does not depend on what the request makes: whose key it is and
// which request it belongs to.
type ticket struct {
	Caller
	key         string
	fingerprint [32]byte
	secret      bool
}

func (o *Once[T]) ticket(c Caller) ticket {
	return ticket{Caller: c, key: o.Key, fingerprint: o.Fingerprint, secret: o.Secret}
}

// purposeReply separates the key that seals stored answers.
const purposeReply = "idempotency reply"

// atomically runs a use case that is one transaction, together with its idempotency record.
func atomically[T any](
	ctx context.Context, s *Service, c Caller, o *Once[T],
	work func(ctx context.Context, tx Tx) (T, string, error),
) (T, Reply, error) {
	var out T
	var reply Reply
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		v, objectID, err := work(ctx, tx)
		if err != nil {
			return err
		}
		out, reply = v, o.render(v)
		if !o.keyed() {
			return nil
		}
		return tx.InsertIdempotency(ctx, s.record(o.ticket(c), objectID, &reply))
	})
	if err != nil {
		return orReplay(ctx, s, c, o, err)
	}
	return out, reply, nil
}

// atLast is atomically for the last transaction of a use case whose key was taken in an earlier
// one.
func atLast[T any](
	ctx context.Context, s *Service, c Caller, o *Once[T],
	work func(ctx context.Context, tx Tx) (T, string, error),
) (T, Reply, error) {
	var reply Reply
	var unkeyed *Once[T]
	v, _, err := atomically(ctx, s, c, unkeyed,
		func(ctx context.Context, tx Tx) (T, string, error) {
			v, objectID, err := work(ctx, tx)
			if err != nil {
				return v, objectID, err
			}
			if reply = o.render(v); o.keyed() {
				r := s.record(o.ticket(c), objectID, &reply)
				err = tx.FinishIdempotency(ctx, r)
			}
			return v, objectID, err
		})
	return v, reply, err
}

// orReplay answers a request that failed: if an earlier one with the same key did not, then as
// that one was answered.
func orReplay[T any](
	ctx context.Context, s *Service, c Caller, o *Once[T], err error,
) (T, Reply, error) {
	var none T
	if o.keyed() {
		if reply, found, rerr := s.replay(ctx, o.ticket(c)); rerr != nil || found {
			return none, reply, rerr
		}
	}
	return none, Reply{}, err
}

// record makes the idempotency row of a request; reply is nil while the request runs.
func (s *Service) record(t ticket, objectID string, reply *Reply) IdempotencyRecord {
	r := IdempotencyRecord{
		Scope: t.Scope, Key: t.key, Fingerprint: t.fingerprint[:], ObjectID: objectID,
		Sealed: t.secret, CreatedAt: s.clock.Now(),
	}
	if reply != nil {
		stored := *reply
		if t.secret {
			stored.Body = s.vault.Seal(purposeReply, reply.Body)
		}
		r.Reply = &stored
	}
	return r
}

// errRunning tells a caller's look-up that the key's request has no answer yet.
var errRunning = &Error{
	Kind: Conflict, Code: "idempotency_key_in_use",
	Message: "A request with this idempotency key is still running. Repeat it in a moment.",
}

// replay looks the key up. found is false when the key is new. A key used for another request is
// an error; so is a key whose request still runs.
func (s *Service) replay(ctx context.Context, t ticket) (reply Reply, found bool, err error) {
	r, err := s.lookup(ctx, t)
	if IsKind(err, NotFound) {
		return Reply{}, false, nil
	}
	if err != nil {
		return Reply{}, true, err
	}
	if r.Reply == nil {
		return Reply{}, true, errRunning
	}
	reply, err = s.storedReply(r)
	return reply, true, err
}

func (s *Service) lookup(ctx context.Context, t ticket) (IdempotencyRecord, error) {
	r, err := s.store.Idempotency(ctx, t.Scope, t.key)
	if err != nil {
		return r, err
	}
	if subtle.ConstantTimeCompare(r.Fingerprint, t.fingerprint[:]) != 1 {
		return r, &Error{
			Kind: State, Code: "idempotency_key_reused", Param: "idempotency_key",
			Message: "This idempotency key was used for a different request. Use a new key.",
		}
	}
	return r, nil
}

func (s *Service) storedReply(r IdempotencyRecord) (Reply, error) {
	reply := *r.Reply
	reply.Replayed = true
	if !r.Sealed {
		return reply, nil
	}
	body, err := s.vault.Open(purposeReply, r.Reply.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("open stored reply: %w", err)
	}
	reply.Body = bytes.Clone(body)
	return reply, nil
}

// resume answers a repeat of a request that has more than one phase. If the first run is over, or
// died and its object has moved on since, the answer is rendered from the object.
func resume[T any](
	ctx context.Context, s *Service, c Caller, o *Once[T],
	load func(id string) (v T, settled bool, err error),
) (reply Reply, found bool, err error) {
	r, err := s.lookup(ctx, o.ticket(c))
	switch {
	case IsKind(err, NotFound):
		return Reply{}, false, nil
	case err != nil:
		return Reply{}, true, err
	case r.Reply != nil:
		reply, err = s.storedReply(r)
		return reply, true, err
	}
	v, settled, err := load(r.ObjectID)
	if err != nil {
		return Reply{}, true, err
	}
	if !settled {
		return Reply{}, true, errRunning
	}
	rendered := o.render(v)
	r = s.record(o.ticket(c), r.ObjectID, &rendered)
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.FinishIdempotency(ctx, r)
	})
	rendered.Replayed = true
	return rendered, true, err
}
