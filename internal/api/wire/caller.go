package wire

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Caller finds who sent a request with the key, and refuses it when it comes from where the key may
// not be used, or too often.
func (f *Front) Caller(w http.ResponseWriter, r *http.Request, key string) (pay.Caller, error) {
	c, err := f.Authenticate(r.Context(), key)
	if err != nil {
		return c, err
	}
	if !c.MayFrom(ClientIP(r, f.Trusted)) {
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
