package wire

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Bounds of what identifies a client.
const (
	maxToken    = 512 // characters of a bearer token
	siteBits    = 64  // of an IPv6 address: what one customer of a network is usually given
	maxWait     = 24 * time.Hour
	bearerWords = "Bearer "
)

// Bearer returns the token of an "Authorization: Bearer" header. There is none when the header is
// missing, repeated, of another scheme, or not written in the characters of RFC 6750, section 2.1.
func Bearer(r *http.Request) (token string, ok bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) <= len(bearerWords) {
		return "", false
	}
	scheme, token := values[0][:len(bearerWords)], values[0][len(bearerWords):]
	if !strings.EqualFold(scheme, bearerWords) || len(token) > maxToken {
		return "", false
	}
	for i := range len(token) {
		if !tokenByte(token[i]) {
			return "", false
		}
	}
	return token, true
}

func tokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' ||
		strings.IndexByte("-._~+/=", c) >= 0
}

// ClientIP returns the address that a request comes from. X-Forwarded-For is believed as far as it
// was written by proxies in trusted, read from the right; what a client writes itself stands
// further left and is not looked at. The address is invalid only when the connection has none.
func ClientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	port, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := plainAddr(port.Addr())
	if !isIn(client, trusted) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isIn(client, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = plainAddr(hop)
	}
	return client
}

func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func isIn(a netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// AddrKey returns the key under which a limiter counts an address. One customer holds a whole /64
// of IPv6, so that counts as one.
func AddrKey(a netip.Addr) string {
	if a.Is6() {
		p, _ := a.Prefix(siteBits) // cannot fail: the bits are within the address
		return p.String()
	}
	return a.String()
}

// Limiter is what Throttle asks: a limit.Bucket or a limit.Window.
type Limiter interface {
	Allow(key string) (ok bool, retryAfter time.Duration)
}

// Throttle asks l for key. Over the limit it sets Retry-After, in whole seconds, and returns an
// error with the code CodeRateLimitExceeded.
func Throttle(w http.ResponseWriter, l Limiter, key string) error {
	ok, wait := l.Allow(key)
	if ok {
		return nil
	}
	seconds := math.Ceil(min(wait, maxWait).Seconds())
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(seconds))))
	return pay.Errorf(pay.Unavailable, CodeRateLimitExceeded,
		"Too many requests. Try again after the time in Retry-After.")
}
