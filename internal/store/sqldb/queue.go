package sqldb

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// States of a call. Only a waiting call can be abandoned by its caller.
const (
	waiting int32 = iota
	started
	abandoned
)

// call is one unit on its way through the queue.
type call struct {
	ctx    context.Context
	unit   Unit
	queued time.Time
	state  atomic.Int32
	done   chan struct{}
	result error // valid once done is closed
	own    error // what the unit itself answered in the attempt that is under way
	tries  int
}

func (c *call) finish(err error) {
	c.result = err
	close(c.done)
}

// Write hands a unit to the commit queue and returns when it is durable, or with the unit's own
// error, in which case nothing of it is stored. ErrOverloaded means that the queue is full and the
// unit never ran; ErrUnknownCommit that the unit may or may not be stored, which the caller finds
// out by reading. A unit whose context ends while it waits is dropped; once it has started, its
// outcome is awaited. The rules a unit must keep are in the package comment.
func (db *DB) Write(ctx context.Context, unit Unit) error {
	if ctx.Value(insideUnit{}) != nil {
		return errors.New("sqldb: Write called inside a unit of work")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{ctx: ctx, unit: unit, queued: db.now(), done: make(chan struct{})}
	if err := db.enqueue(c); err != nil {
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
		<-c.done
	}
	var p *PanicError
	if errors.As(c.result, &p) {
		db.log.Error("unit of work panicked", "panic", p.Value, "stack", string(p.Stack))
	}
	return c.result
}

func (db *DB) enqueue(c *call) error {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return ErrClosed
	}
	select {
	case db.queue <- c:
		return nil
	default:
		return ErrOverloaded
	}
}

// writer runs batches on one connection.
type writer interface {
	// try runs the calls in one transaction and reports how that ended.
	try(calls []*call) attempt
	// reset drops whatever transaction is open.
	reset()
}

// attempt is the outcome of one transaction.
type attempt struct {
	fate    fate
	err     error
	culprit int  // index of the call that made the transaction fail, or nobody
	retry   bool // the failure is of the moment; the same calls may succeed
	durable bool // something was written and is on disk
}

const nobody = -1

type fate uint8

const (
	settled    fate = iota // every call's own error is its answer
	rolledBack             // nothing was stored; calls may be run again
	refused                // nothing was stored, and running them again would not help
	unknown                // the commit was sent and its answer was lost
)

// serve runs batches until the queue is closed. A unit that ends its goroutine (a test that gives
// up inside a unit does) takes this loop with it, so the loop is started again.
func (db *DB) serve(w writer) {
	var batch []*call
	finished := false
	defer func() {
		if finished {
			db.loops.Done()
			return
		}
		w.reset()
		for _, c := range batch {
			if c.state.Load() == started {
				select {
				case <-c.done:
				default:
					c.finish(errUnitExited)
				}
			}
		}
		go db.serve(w)
	}()
	for first := range db.queue {
		batch = db.collect(batch[:0], first)
		db.settle(w, batch)
		clear(batch)
	}
	finished = true
}

// collect adds to first whatever else waits. The callers answered a moment ago are about to hand in
// their next unit, so they get one turn on the processor before the door closes.
func (db *DB) collect(batch []*call, first *call) []*call {
	batch = db.admit(batch, first)
	runtime.Gosched()
	for len(batch) < db.maxBatch {
		select {
		case c, ok := <-db.queue:
			if !ok {
				return batch
			}
			batch = db.admit(batch, c)
		default:
			return batch
		}
	}
	return batch
}

func (db *DB) admit(batch []*call, c *call) []*call {
	if !c.state.CompareAndSwap(waiting, started) {
		return batch
	}
	switch {
	case c.ctx.Err() != nil:
		c.finish(c.ctx.Err())
	case db.now().Sub(c.queued) > maxQueueWait:
		c.finish(ErrOverloaded)
	default:
		return append(batch, c)
	}
	return batch
}

// settle runs calls until each has its answer. When a transaction fails because of one call, those
// before it share a commit again, it runs alone, and those after it follow; so a failing unit costs
// two commits and never the others' success.
func (db *DB) settle(w writer, calls []*call) {
	if len(calls) == 0 {
		return
	}
	a := w.try(calls)
	if a.durable {
		db.commits.Add(1)
	}
	switch {
	case a.fate == settled:
		for _, c := range calls {
			c.finish(c.own)
		}
	case a.fate == refused || a.fate == unknown:
		for _, c := range calls {
			c.finish(a.err)
		}
	case len(calls) == 1:
		db.settleOne(w, calls[0], a)
	case a.culprit == nobody:
		for i := range calls {
			db.settle(w, calls[i:i+1])
		}
	default:
		db.settle(w, calls[:a.culprit])
		db.settle(w, calls[a.culprit:a.culprit+1])
		db.settle(w, calls[a.culprit+1:])
	}
}

func (db *DB) settleOne(w writer, c *call, a attempt) {
	c.tries++
	if a.retry && c.tries < maxTries {
		db.settle(w, []*call{c})
		return
	}
	c.finish(a.err)
}

// insideUnit marks the context a unit is given, so that a Write inside it is refused instead of
// waiting for itself.
type insideUnit struct{}

// unitContext has the values of the caller's context and none of its deadlines: once a unit has
// started, its outcome is awaited.
type unitContext struct{ context.Context }

func (unitContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (unitContext) Done() <-chan struct{}       { return nil }
func (unitContext) Err() error                  { return nil }

func (u unitContext) Value(key any) any {
	if _, ok := key.(insideUnit); ok {
		return true
	}
	return u.Context.Value(key)
}

// run runs the unit and turns a panic into an error of this unit alone.
func (c *call) run(tx Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	return c.unit(unitContext{c.ctx}, tx)
}

// PanicError is the answer to a unit that panicked. Nothing of the unit is stored, and the stack
// is in the log.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("unit of work panicked: %v", e.Value) }
