package checkout

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// access says what a route asks of a key.
type access int

const (
	reading    access = iota
	writing           // it changes something
	simulating        // it plays the payer or moves the clock: for keys of test mode alone
)

// A call is one authenticated request.
type call struct {
	pay.Caller
	w http.ResponseWriter
	r *http.Request
	q *wire.Params // after query
}

type handler func(*call) error

// guard lets a request through to its handler when its key may do what the route does.
func (a *API) guard(need access, handle handler) wire.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller, err := a.authenticate(w, r)
		if err != nil {
			return err
		}
		if err := permit(caller, need, r.Method); err != nil {
			return err
		}
		return handle(&call{Caller: caller, w: w, r: r})
	}
}

func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (pay.Caller, error) {
	if r.Header.Get("Authorization") == "" {
		return pay.Caller{}, pay.Errorf(pay.Unauthorized, "missing_api_key",
			"No API key provided. Send it as Authorization: Bearer <key>.")
	}
	token, ok := wire.Bearer(r)
	if !ok {
		return pay.Caller{}, pay.Errorf(pay.Unauthorized, "invalid_api_key",
			"Invalid API key provided. Send it as Authorization: Bearer <key>.")
	}
	return a.front.Caller(w, r, token)
}

// permit refuses a key that is good, but not for this. What a page may do with a publishable key,
// the hosted page does without one: here it opens nothing.
func permit(c pay.Caller, need access, method string) error {
	permission := pay.PermWrite
	if need == reading || method == http.MethodGet || method == http.MethodHead {
		permission = pay.PermRead
	}
	if err := wire.SecretKey(c); err != nil {
		return err
	}
	if need == simulating && c.Mode != pay.Test {
		return pay.Errorf(pay.Forbidden, "test_mode_only",
			"The test helpers work with test keys alone.")
	}
	return wire.Permission(c, permission)
}
