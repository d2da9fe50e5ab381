package wire

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/pay"
)

// MaxIdempotencyKey is the longest idempotency key, in characters.
const MaxIdempotencyKey = 255

// idempotencyHeaders are the headers a key may come in, in the order in which they are named.
var idempotencyHeaders = [...]string{"Idempotency-Key", "X-Idempotency-Key"}

// IdempotencyKey returns the key of a request: from Idempotency-Key, X-Idempotency-Key, or bodyKey,
// which is what the body says or empty. It is empty when none is given. A key is 1 to 255 printable
// ASCII characters; places that contradict each other are refused, because the client would count
// on one and we on another.
func IdempotencyKey(r *http.Request, bodyKey string) (string, error) {
	key := ""
	for _, name := range idempotencyHeaders {
		for _, value := range r.Header.Values(name) {
			if err := checkIdempotencyKey(name, value); err != nil {
				return "", err
			}
			if key != "" && key != value {
				return "", contradiction(name)
			}
			key = value
		}
	}
	if bodyKey == "" {
		return key, nil
	}
	if err := checkIdempotencyKey(idempotencyField, bodyKey); err != nil {
		return "", err
	}
	if key != "" && key != bodyKey {
		return "", contradiction(idempotencyField)
	}
	return bodyKey, nil
}

func checkIdempotencyKey(param, key string) error {
	ok := key != "" && len(key) <= MaxIdempotencyKey
	for i := 0; ok && i < len(key); i++ {
		ok = key[i] >= ' ' && key[i] <= '~'
	}
	if !ok {
		return pay.BadParam(param, CodeIdempotencyKey,
			"%s must be 1 to %d printable ASCII characters.", param, MaxIdempotencyKey)
	}
	return nil
}

func contradiction(param string) error {
	return pay.BadParam(param, CodeIdempotencyKey,
		"The request has more than one idempotency key, and they differ.")
}
