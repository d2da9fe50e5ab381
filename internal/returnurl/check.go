package returnurl

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of an address, in bytes. Host names follow RFC 1035, section 2.3.4.
const (
	MaxLength = 2048
	maxHost   = 253
	maxLabel  = 63
	maxPort   = 65535
)

// Policy says which origins are allowed. The zero Policy allows none.
type Policy struct {
	// AllowLoopbackHTTP allows the payer's own machine (localhost, 127.0.0.0/8, ::1), over http
	// too and on every port. It belongs to test mode; without it loopback is refused altogether.
	AllowLoopbackHTTP bool
	// AnyOrigin allows every https origin.
	AnyOrigin bool
	// Origins are the allowed origins, such as "https://shop.test" or "https://shop.test:8443", and
	// apps, such as "com.shop.app://". An app is never allowed without being named here.
	Origins []string
}

// Error says why an address is refused. Reason is a clause that follows the name of the field,
// such as "must begin with https://"; it never repeats the address.
type Error struct{ Reason string }

func (e *Error) Error() string { return "return address " + e.Reason }

func refuse(reason string) error { return &Error{Reason: reason} }

// Check returns nil when raw is an address that a payer may be sent to under p, and an *Error
// otherwise. The placeholder may stand in path, query and fragment, and nowhere else.
func Check(raw string, p Policy) error {
	o, err := parse(raw)
	if err != nil {
		return err
	}
	if o.app {
		if slices.Contains(p.Origins, o.scheme+"://") {
			return nil
		}
		return refuse("must begin with https://, or with the registered scheme of an app")
	}
	if o.loopback {
		if p.AllowLoopbackHTTP {
			return nil
		}
		return refuse("must not be on localhost outside test mode")
	}
	if o.scheme != "https" {
		return refuse("must begin with https://")
	}
	if p.AnyOrigin || slices.ContainsFunc(p.Origins, o.is) {
		return nil
	}
	return refuse("must be on one of the registered origins")
}

// Origin returns the origin of a web address in its one spelling: lower case, and no port where it
// is the scheme's own. An app has none.
func Origin(raw string) (string, error) {
	o, err := parse(raw)
	if err != nil {
		return "", err
	}
	if o.app {
		return "", errScheme
	}
	return o.String(), nil
}

var errScheme = refuse("must begin with https://")

var errHostName = refuse("must have a host name of letters, digits, hyphens and dots (punycode)")

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// origin is the part of an address that decides who receives the payer.
type origin struct {
	scheme   string // http, https or an app's
	app      bool
	host     string // lower case, an IPv6 address in brackets
	port     string // empty for the scheme's own
	loopback bool
}

func (o origin) String() string {
	s := o.scheme + "://" + o.host
	if o.port != "" {
		s += ":" + o.port
	}
	return s
}

func (o origin) is(registered string) bool {
	r, err := Origin(registered)
	return err == nil && r == o.String()
}

// parse reads the origin by hand, because a parser that is kinder than a browser, or kinder than
// the next parser, is how redirects are stolen; net/url must then agree.
func parse(raw string) (origin, error) {
	if raw == "" {
		return origin{}, refuse("must not be empty")
	}
	if len(raw) > MaxLength {
		return origin{}, refuse("must not be longer than " + strconv.Itoa(MaxLength) + " characters")
	}
	if err := checkCharacters(raw); err != nil {
		return origin{}, err
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	// Before any change of case: the Kelvin sign has an ASCII letter as its lower case.
	if strings.IndexFunc(scheme, beyondASCII) >= 0 {
		return origin{}, errScheme
	}
	scheme = strings.ToLower(scheme)
	if !isWeb(scheme) && (!appScheme(scheme) || len(scheme) == len(raw)) {
		return origin{}, errScheme
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	o, err := parseAuthority(scheme, authority)
	if err != nil {
		return origin{}, err
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != scheme || u.Host != authority || u.User != nil || u.Opaque != "" {
		return origin{}, refuse("must be a well-formed address")
	}
	return o, nil
}

// checkCharacters refuses what browsers drop, rewrite or hide: controls, spaces, backslashes,
// quotes, and invisible or direction-changing characters.
func checkCharacters(raw string) error {
	if !utf8.ValidString(raw) {
		return refuse("must be valid UTF-8")
	}
	for _, r := range raw {
		switch {
		case unicode.IsControl(r):
			return refuse("must not contain control characters")
		case unicode.IsSpace(r):
			return refuse("must not contain spaces")
		case r == '\\':
			return refuse("must not contain a backslash")
		case strings.ContainsRune("\"<>`", r) || !unicode.IsGraphic(r):
			return refuse("must not contain quotes, angle brackets or invisible characters")
		}
	}
	return nil
}

func isWeb(scheme string) bool { return scheme == "https" || scheme == "http" }

func parseAuthority(scheme, authority string) (origin, error) {
	if strings.Contains(authority, "@") {
		return origin{}, refuse("must not contain a user name or password")
	}
	// Before any change of case: the Kelvin sign has an ASCII letter as its lower case.
	if strings.IndexFunc(authority, beyondASCII) >= 0 {
		return origin{}, errHostName
	}
	host, port, err := splitPort(authority)
	if err != nil {
		return origin{}, err
	}
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	o := origin{scheme: scheme, app: !isWeb(scheme), host: strings.ToLower(host), port: port}
	if o.app {
		return o, checkName(o.host)
	}
	if addr, ok := literal(o.host); ok {
		if !addr.IsValid() || addr.IsUnspecified() || addr.IsMulticast() {
			return origin{}, refuse("must have a usable host")
		}
		o.loopback = addr.IsLoopback()
		return o, nil
	}
	o.loopback = o.host == "localhost" || strings.HasSuffix(o.host, ".localhost")
	return o, checkName(o.host)
}

// splitPort separates the port, which is 1 to 65535 without leading zeros.
func splitPort(authority string) (host, port string, err error) {
	i := strings.LastIndexByte(authority, ':')
	if i < 0 || strings.HasSuffix(authority, "]") {
		return authority, "", nil
	}
	host, port = authority[:i], authority[i+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || n > maxPort || port[0] == '0' || port[0] == '+' {
		return "", "", refuse("must have a valid port")
	}
	return host, port, nil
}

// literal reports whether a browser would read host as an address, and which. A host whose last
// label is a number is one (WHATWG URL, "ends in a number"); of the spellings that exist for it
// only the plain one is valid here.
func literal(host string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
			return netip.Addr{}, true
		}
		return addr.Unmap(), true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" || !isNumber(last) {
		return netip.Addr{}, false
	}
	addr, _ := netip.ParseAddr(host)
	return addr, true
}

func isNumber(label string) bool {
	if strings.Trim(label, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(label, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}

// checkName accepts letters, digits, hyphens and dots: names of other scripts come in punycode, so
// that what is compared is what is sent.
func checkName(host string) error {
	if host == "" || len(host) > maxHost {
		return refuse("must have a host")
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return refuse("must have a valid host name")
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return errHostName
		}
	}
	return nil
}
