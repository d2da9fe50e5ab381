package wire

import (
	"net/http"
	"net/netip"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Caller finds who sent a request with the key, and refuses it when it comes from where the key may
// not be used, or too often.
func (f *Front) Caller(w http.ResponseWriter, r *http.Request, key string) (pay.Caller, error) {
	address := ClientIP(r, f.Trusted)
	c, err := f.Authenticate(r.Context(), key)
	if err != nil {
		return c, f.missed(w, address, err)
	}
	if !c.MayFrom(address) {
		return c, pay.Errorf(pay.Forbidden, "address_not_allowed",
			"This key may not be used from your network address.")
	}
	if f.Limit != nil {
		if err := Throttle(w, f.Limit, c.KeyID); err != nil {
			return c, err
		}
	}
	c.RequestID = RequestID(r.Context())
	return c, nil
}

// missed returns what is wrong with a key, or slows down whoever tries out keys. It comes after the
// look-up: a good key goes on working, whoever else is behind the same address.
func (f *Front) missed(w http.ResponseWriter, address netip.Addr, err error) error {
	if f.Misses == nil || !pay.IsKind(err, pay.Unauthorized) {
		return err
	}
	if Throttle(w, f.Misses, AddrKey(address)) == nil {
		return err
	}
	return pay.Errorf(pay.Unavailable, CodeRateLimitExceeded,
		"Too many requests without a good API key came from your network address. Check the key, "+
			"and try again after the time in Retry-After.")
}

// SecretKey refuses a caller with a publishable key, which may be in anybody's hands.
func SecretKey(c pay.Caller) error {
	if c.Kind == pay.SecretKey {
		return nil
	}
	return pay.Errorf(pay.Forbidden, "secret_key_required",
		"A publishable key cannot do this. Use a secret key, on your server.")
}

// Permission refuses a caller whose key does not have the permission.
func Permission(c pay.Caller, permission string) error {
	if c.May(permission) {
		return nil
	}
	return pay.Errorf(pay.Forbidden, "permission_missing",
		"This key does not have the permission %q.", permission)
}
