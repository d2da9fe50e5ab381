package wpay

import (
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// access says what a route asks of a key.
type access string

const (
	reading access = pay.PermRead
	writing access = pay.PermWrite
)

// keyHeader is where a key may stand instead of in Authorization.
const keyHeader = "X-Api-Key"

// requestHeaders are where the caller's id of the request may stand, in the order in which they are
// looked at.
var requestHeaders = []string{"X-Request-Id", "Request-Id", "X-Correlation-Id"}

// A call is one authenticated request.
type call struct {
	pay.Caller
	w  http.ResponseWriter
	r  *http.Request
	id string // the caller's own of the request
}

type handler func(*call) error

// guard lets a request through to its handler when its key may do what the route does, to the
// merchant of the path.
func (a *API) guard(need access, handle handler) wire.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, missing := requestID(w, r)
		c, err := a.authenticate(w, r)
		if err != nil {
			return err
		}
		if err := a.permit(c, r, need); err != nil {
			return err
		}
		if missing != nil {
			return missing
		}
		return handle(&call{Caller: c, w: w, r: r, id: id})
	}
}

// requestID reads the caller's id of the request and writes it into the answer, whatever that will
// be.
func requestID(w http.ResponseWriter, r *http.Request) (string, error) {
	for _, name := range requestHeaders {
		values := r.Header.Values(name)
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 || !isGUID(values[0]) {
			return "", bad(name, "must be one GUID, such as 3b0a7a0e-6a0c-4c43-8f5e-6a4f7b1d2c90.")
		}
		w.Header().Set(name, values[0])
		return values[0], nil
	}
	name := requestHeaders[0]
	return "", fault(codeMissing, name,
		"Send an id of your own for the request, a GUID, in the header "+name+".")
}

func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (pay.Caller, error) {
	token, ok := keyOf(r)
	if !ok {
		return pay.Caller{}, pay.Errorf(pay.Unauthorized, "missing_api_key",
			"No API key provided. Send it as Authorization: Bearer <key>, or as %s: <key>.", keyHeader)
	}
	return a.front.Caller(w, r, token)
}

// keyOf returns the key of a request: that of X-Api-Key if it has one, because then Authorization
// may hold a token of somebody else's.
func keyOf(r *http.Request) (string, bool) {
	switch keys := r.Header.Values(keyHeader); len(keys) {
	case 0:
		return wire.Bearer(r)
	case 1:
		return keys[0], keys[0] != ""
	}
	return "", false
}

// permit refuses a key that is good, but not for this.
func (a *API) permit(c pay.Caller, r *http.Request, need access) error {
	if !strings.EqualFold(r.PathValue("merchantId"), a.merchantID(c)) {
		return pay.Errorf(pay.Forbidden, "merchant_mismatch",
			"This key belongs to the merchant %s, not to the one of the address.", a.merchantID(c))
	}
	if err := wire.SecretKey(c); err != nil {
		return err
	}
	return wire.Permission(c, string(need))
}

// merchantID is what the caller's merchant is called here.
func (a *API) merchantID(c pay.Caller) string {
	if id, ok := a.Merchants[c.MerchantID]; ok {
		return id
	}
	return MerchantID(c.MerchantID)
}
