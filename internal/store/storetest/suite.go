package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Run runs every test of the suite, each on a store of its own. Open returns an empty store that is
// closed when its test ends.
func Run(t *testing.T, open func(t *testing.T) pay.Store) {
	groups := []map[string]func(*run){
		unitCases, merchantCases, customerCases, sessionCases, paymentCases, refundCases,
		methodCases, mandateCases, boundCases, eventCases, endpointCases, deliveryCases,
		claimCases, requestCases, clockCases, agreementCases, journalCases,
	}
	seen := map[string]bool{}
	for _, group := range groups {
		for name, test := range group {
			if seen[name] {
				t.Fatalf("two tests are called %s", name)
			}
			seen[name] = true
			t.Run(name, func(t *testing.T) { test(newRun(t, open(t))) })
		}
	}
}

// run is one test with its store. Unlike a test's context, its own has no end, so that the outcome
// of a write does not depend on when the test gave up.
type run struct {
	*testing.T
	pay.Store
	ctx context.Context
	now time.Time
	ids atomic.Int64
}

// Scopes of the tests: two merchants, and the other mode of the first.
var (
	shop   = pay.Scope{MerchantID: "mer_00000000000000000000000001", Mode: pay.Test}
	live   = pay.Scope{MerchantID: shop.MerchantID, Mode: pay.Live}
	rival  = pay.Scope{MerchantID: "mer_00000000000000000000000002", Mode: pay.Test}
	others = []pay.Scope{live, rival}
)

func newRun(t *testing.T, s pay.Store) *run {
	return &run{
		T: t, Store: s, ctx: context.Background(),
		now: time.Date(2026, 11, 21, 10, 30, 15, 123456000, time.UTC),
	}
}

// id returns a new id that sorts behind all those before it.
func (r *run) id(prefix string) string { return fmt.Sprintf("%s_%026d", prefix, r.ids.Add(1)) }

// in returns a time the given number of seconds from now.
func (r *run) in(seconds int) time.Time { return r.now.Add(time.Duration(seconds) * time.Second) }

// try runs a unit and returns its error.
func (r *run) try(unit func(tx pay.Tx) error) error {
	return r.Write(r.ctx, func(_ context.Context, tx pay.Tx) error { return unit(tx) })
}

// do runs a unit that must succeed.
func (r *run) do(unit func(tx pay.Tx) error) {
	r.Helper()
	if err := r.try(unit); err != nil {
		r.Fatal(err)
	}
}

// refused demands that a unit fails with an error of the kind and, unless it is "", the code.
func (r *run) refused(kind pay.Kind, code string, unit func(tx pay.Tx) error) {
	r.Helper()
	r.is(r.try(unit), kind, code)
}

func (r *run) is(err error, kind pay.Kind, code string) {
	r.Helper()
	var e *pay.Error
	if !errors.As(err, &e) || e.Kind != kind || code != "" && e.Code != code {
		r.Errorf("error is %v, want %s %s", err, kind, code)
	}
}

func (r *run) absent(err error) {
	r.Helper()
	r.is(err, pay.NotFound, "resource_missing")
}

// broken demands that a unit fails for a reason that only a defect can have.
func (r *run) broken(what string, unit func(tx pay.Tx) error) {
	r.Helper()
	err := r.try(unit)
	var e *pay.Error
	if err == nil || errors.As(err, &e) && e.Kind != pay.Internal {
		r.Errorf("%s: error is %v, want one that counts as a defect", what, err)
	}
}

// eq fails the test unless both values are the same.
func (r *run) eq(got, want any) {
	r.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		r.Errorf("not as wanted (-want +got):\n%s", diff)
	}
}

// got fails the test on an error and returns the value.
func got[T any](r *run) func(v T, err error) T {
	return func(v T, err error) T {
		r.Helper()
		if err != nil {
			r.Fatal(err)
		}
		return v
	}
}

// fails returns the error of a call that returns a value too.
func fails[T any](_ T, err error) error { return err }

// idsOf returns the ids of a list in its order.
func idsOf[T any](list []T, id func(T) string) []string {
	var ids []string
	for _, v := range list {
		ids = append(ids, id(v))
	}
	return ids
}

// reversed returns the ids newest first.
func reversed(ids []string) []string {
	var out []string
	for i := len(ids) - 1; i >= 0; i-- {
		out = append(out, ids[i])
	}
	return out
}

// inUnit runs a read inside a unit and returns what it found.
func inUnit[T any](r *run, read func(tx pay.Tx) (T, error)) T {
	r.Helper()
	var v T
	r.do(func(tx pay.Tx) (err error) {
		v, err = read(tx)
		return err
	})
	return v
}
