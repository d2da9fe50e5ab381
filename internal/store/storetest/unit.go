package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var unitCases = map[string]func(*run){
	"Unit_FailureLeavesNothing":          unitFailure,
	"Unit_DuplicateLeavesNothing":        unitDuplicate,
	"Unit_OthersAreNotDisturbed":         unitNeighbours,
	"Unit_SeesItsOwnWrites":              unitReadYourWrites,
	"Unit_IsVisibleOnceWriteReturns":     unitVisible,
	"Unit_EndedContextStoresNothing":     unitCancelled,
	"Unit_TextThatIsNoTextIsRefused":     unitText,
	"Unit_PanicIsAnErrorAndTheStoreRuns": unitPanic,
}

func unitFailure(r *run) {
	mine := errors.New("mine")
	s := r.session(shop)
	err := r.try(func(tx pay.Tx) error {
		if err := tx.InsertSession(r.ctx, s, s.ExpiresAt); err != nil {
			return err
		}
		if err := tx.InsertEvent(r.ctx, r.event(shop, s.ID, 1)); err != nil {
			return err
		}
		return mine
	})
	if !errors.Is(err, mine) {
		r.Errorf("error is %v, want the unit's own", err)
	}
	r.absent(fails(r.Session(r.ctx, shop, s.ID)))
	r.eq(len(got[[]pay.Event](r)(r.Events(r.ctx, shop, pay.EventFilter{Page: page(10)}))), 0)
}

func unitDuplicate(r *run) {
	s := r.addSession(shop, nothing)
	c := r.customer(shop)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		if err := tx.InsertCustomer(r.ctx, c); err != nil {
			return err
		}
		return tx.InsertSession(r.ctx, s, s.ExpiresAt)
	})
	r.absent(fails(r.Customer(r.ctx, shop, c.ID)))
}

// unitNeighbours runs many units at once, every third of which fails: whatever shares a commit with
// them must be stored all the same.
func unitNeighbours(r *run) {
	const units = 60
	clash := r.addSession(shop, nothing)
	sessions := make([]pay.Session, units)
	errs := make([]error, units)
	var wg sync.WaitGroup
	for i := range units {
		sessions[i] = r.session(shop)
		wg.Go(func() {
			errs[i] = r.try(func(tx pay.Tx) error {
				err := tx.InsertSession(r.ctx, sessions[i], time.Time{})
				if err == nil && i%3 == 0 {
					err = tx.InsertSession(r.ctx, clash, time.Time{})
				}
				return err
			})
		})
	}
	wg.Wait()
	for i := range units {
		_, err := r.Session(r.ctx, shop, sessions[i].ID)
		if i%3 == 0 {
			r.is(errs[i], pay.Conflict, "duplicate")
			r.absent(err)
		} else if errs[i] != nil || err != nil {
			r.Errorf("unit %d: write %v, read %v", i, errs[i], err)
		}
	}
}

func unitReadYourWrites(r *run) {
	s, p := r.session(shop), r.payment(shop)
	p.SessionID = s.ID
	r.do(func(tx pay.Tx) error {
		err := errors.Join(tx.InsertSession(r.ctx, s, s.ExpiresAt),
			tx.InsertPayment(r.ctx, p, time.Time{}))
		if err != nil {
			return err
		}
		r.eq(got[pay.Session](r)(tx.Session(r.ctx, shop, s.ID)), s)
		r.eq(got[pay.Session](r)(tx.LockSession(r.ctx, s.ID)), s)
		list := got[[]pay.Payment](r)(tx.Payments(r.ctx, shop,
			pay.PaymentFilter{Page: page(10), SessionID: s.ID}))
		r.eq(list, []pay.Payment{p})
		swapped := s
		swapped.Version, swapped.State = 2, pay.SessionPaying
		if err := tx.SwapSession(r.ctx, swapped, time.Time{}); err != nil {
			return err
		}
		r.eq(got[pay.Session](r)(tx.SessionByID(r.ctx, s.ID)), swapped)
		return nil
	})
}

func unitVisible(r *run) {
	for range 50 {
		s := r.addSession(shop, nothing)
		r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, s.ID)), s)
	}
}

func unitCancelled(r *run) {
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	s := r.session(shop)
	err := r.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		return tx.InsertSession(ctx, s, s.ExpiresAt)
	})
	if !errors.Is(err, context.Canceled) {
		r.Errorf("error is %v, want that of the context", err)
	}
	r.absent(fails(r.Session(r.ctx, shop, s.ID)))
}

func unitText(r *run) {
	for _, bad := range []string{"a\x00b", "\xff\xfe", "\xed\xa0\x80"} {
		c := r.customer(shop)
		c.Name = bad
		r.broken(fmt.Sprintf("%q", bad), func(tx pay.Tx) error {
			return tx.InsertCustomer(r.ctx, c)
		})
		r.absent(fails(r.Customer(r.ctx, shop, c.ID)))
	}
}

func unitPanic(r *run) {
	s := r.session(shop)
	err := r.try(func(tx pay.Tx) error {
		if err := tx.InsertSession(r.ctx, s, s.ExpiresAt); err != nil {
			return err
		}
		panic("a defect")
	})
	if err == nil {
		r.Error("a unit that panics must fail")
	}
	r.absent(fails(r.Session(r.ctx, shop, s.ID)))
	r.addSession(shop, nothing)
}

// race runs the same thing in many goroutines at once and returns their errors.
func (r *run) race(n int, try func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = try(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWins demands that exactly one of the errors is nil and the others are conflicts.
func (r *run) oneWins(errs []error) {
	r.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		r.is(err, pay.Conflict, "")
	}
	r.eq(won, 1)
}

func page(limit int) pay.Page { return pay.Page{Limit: limit} }

// pages walks a list in steps of the limit and returns the ids it met. between runs after each
// page.
func (r *run) pages(limit int, between func(), list func(pay.Page) ([]string, error)) []string {
	r.Helper()
	var ids []string
	p := page(limit)
	for range 100 {
		part := got[[]string](r)(list(p))
		ids = append(ids, part...)
		if len(part) < limit {
			return ids
		}
		p.After = part[len(part)-1]
		between()
	}
	r.Fatal("the list has no end")
	return nil
}
