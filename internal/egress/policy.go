package egress

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxURL is the longest target URL, in bytes.
const MaxURL = 2048

// Policy says where requests may go. The zero Policy is the strict one: https, ports 443 and 8443,
// public addresses.
type Policy struct {
	// AllowPrivate admits loopback and private networks, and any port. It never admits link-local
	// and cloud metadata addresses.
	AllowPrivate bool
	// AllowHTTP admits http beside https, with port 80.
	AllowHTTP bool
	// Ports replaces the ports 443 and 8443.
	Ports []int
}

// Refused is the error of an address that the policy does not admit.
type Refused struct {
	Addr   netip.AddrPort
	Reason string // what the address is: "private", "loopback", …
}

func (r *Refused) Error() string {
	return fmt.Sprintf("egress: %s is refused: %s", r.Addr, r.Reason)
}

// Admit answers nil or a *Refused for an address as it is about to be dialled.
func (p Policy) Admit(a netip.AddrPort) error {
	name, private := special(a.Addr())
	switch {
	case name != "" && !(private && p.AllowPrivate):
		return &Refused{a, name}
	case !p.admitsPort(int(a.Port())):
		return &Refused{a, "port"}
	}
	return nil
}

func (p Policy) admitsPort(port int) bool {
	switch {
	case p.AllowPrivate:
		return port > 0
	case p.AllowHTTP && port == 80:
		return true
	case p.Ports != nil:
		return slices.Contains(p.Ports, port)
	}
	return port == 443 || port == 8443
}

// Check judges a URL as far as that is possible without resolving its name. The error is a sentence
// for whoever typed the URL, without a subject: "must use https".
func (p Policy) Check(raw string) error {
	_, err := p.Parse(raw)
	return err
}

// Parse returns a URL that passes Check.
func (p Policy) Parse(raw string) (*url.URL, error) {
	u, err := parse(raw)
	if err == nil {
		err = p.check(u)
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

func parse(raw string) (*url.URL, error) {
	if len(raw) > MaxURL {
		return nil, fmt.Errorf("must have at most %d characters", MaxURL)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return nil, fmt.Errorf("must be written in printable ASCII, with other characters encoded")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, fmt.Errorf("must be an absolute URL, such as https://shop.example/hooks")
	case u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return nil, fmt.Errorf("must not contain a fragment")
	}
	return u, nil
}

func (p Policy) check(u *url.URL) error {
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && p.AllowHTTP):
		return fmt.Errorf("must use https")
	case u.User != nil:
		return fmt.Errorf("must not contain a user name or password")
	}
	port, ok := portOf(u)
	if !ok || !p.admitsPort(port) {
		return fmt.Errorf("must not use port %q", u.Port())
	}
	return p.checkHost(u.Hostname(), port)
}

func portOf(u *url.URL) (int, bool) {
	switch {
	case u.Port() == "" && strings.HasSuffix(u.Host, ":"):
		return 0, false
	case u.Port() == "" && u.Scheme == "http":
		return 80, true
	case u.Port() == "":
		return 443, true
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return int(n), err == nil
}

func (p Policy) checkHost(host string, port int) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if p.Admit(netip.AddrPortFrom(a, uint16(port))) != nil {
			return fmt.Errorf("must not point to an address that is not public")
		}
		return nil
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	switch {
	case !isName(host):
		return fmt.Errorf("must name its host in letters, digits, dots and hyphens")
	// Some resolvers read 127.1, 0x7f.1 or 2130706433 as addresses.
	case last[0] >= '0' && last[0] <= '9':
		return fmt.Errorf("must not point to an address in an unusual notation")
	case last == "localhost" && !p.AllowPrivate:
		return fmt.Errorf("must not point to an address that is not public")
	}
	return nil
}

// isName reports whether host has the form of a host name; an underscore is let through because
// names in use have it.
func isName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return len(host) <= 253
}
