package collect

import (
	"errors"
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// access says what a route asks of a key.
type access int

const (
	reading access = iota
	writing        // it changes something
	opening        // it opens a session, which a publishable key may do too
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
		if err := permit(caller, need); err != nil {
			return err
		}
		return handle(&call{Caller: caller, w: w, r: r})
	}
}

func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (pay.Caller, error) {
	token, ok := wire.Bearer(r)
	if !ok {
		return pay.Caller{}, pay.Errorf(pay.Unauthorized, "missing_api_key",
			"No API key provided. Send it as Authorization: Bearer <key>.")
	}
	if a.public != nil && strings.HasPrefix(token, string(pay.PublishableKey)) {
		address := wire.AddrKey(wire.ClientIP(r, a.front.Trusted))
		if err := wire.Throttle(w, a.public, address); err != nil {
			return pay.Caller{}, err
		}
	}
	c, err := a.front.Caller(w, r, token)
	if errors.Is(err, pay.ErrKeyEnded) {
		return c, pay.Errorf(pay.Forbidden, "api_key_ended", "This API key was revoked or has expired.")
	}
	return c, err
}

// permit refuses a key that is good, but not for this.
func permit(c pay.Caller, need access) error {
	permission := pay.PermWrite
	if need == reading {
		permission = pay.PermRead
	}
	if need != opening {
		if err := wire.SecretKey(c); err != nil {
			return err
		}
	}
	return wire.Permission(c, permission)
}
