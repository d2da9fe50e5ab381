package egress

import "net/netip"

// A block is a range of addresses that a request may not be sent to.
type block struct {
	prefix netip.Prefix
	name   string
	// private marks what an operator can mean by "my own network"; all else stays refused even when
	// private targets are allowed.
	private bool
}

// blocks4 is what is special in IPv4: the IANA IPv4 Special-Purpose Address Registry (RFC 6890 and
// its updates), multicast, and addresses on which clouds serve credentials to their machines.
var blocks4 = table(
	block{at("0.0.0.0/8"), "this network", false},
	block{at("10.0.0.0/8"), "private", true},
	block{at("100.100.100.200/32"), "cloud metadata", false},
	block{at("100.64.0.0/10"), "shared by a carrier", true},
	block{at("127.0.0.0/8"), "loopback", true},
	block{at("168.63.129.16/32"), "cloud metadata", false},
	block{at("169.254.0.0/16"), "link-local", false},
	block{at("172.16.0.0/12"), "private", true},
	block{at("192.0.0.0/24"), "protocol assignments", false},
	block{at("192.0.2.0/24"), "documentation", false},
	block{at("192.31.196.0/24"), "AS112", false},
	block{at("192.52.193.0/24"), "multicast relay", false},
	block{at("192.88.99.0/24"), "6to4 relay", false},
	block{at("192.168.0.0/16"), "private", true},
	block{at("192.175.48.0/24"), "AS112", false},
	block{at("198.18.0.0/15"), "benchmarking", false},
	block{at("198.51.100.0/24"), "documentation", false},
	block{at("203.0.113.0/24"), "documentation", false},
	block{at("224.0.0.0/4"), "multicast", false},
	block{at("240.0.0.0/4"), "reserved", false},
)

// global6 is the only part of IPv6 that is handed out for the public network. What lies outside is
// refused without being listed, except loopback and unique local addresses, which are private.
var global6 = at("2000::/3")

// blocks6 is what is special inside global6 (IANA IPv6 Special-Purpose Address Registry), and the
// private ranges outside it. The tunnels 6to4 and Teredo carry an IPv4 address of the sender's
// choice and are refused whole.
var blocks6 = table(
	block{at("::1/128"), "loopback", true},
	block{at("2001::/23"), "protocol assignments", false}, // Teredo, benchmarking, ORCHID
	block{at("2001:db8::/32"), "documentation", false},
	block{at("2002::/16"), "6to4", false},
	block{at("2620:4f:8000::/48"), "AS112", false},
	block{at("3fff::/20"), "documentation", false},
	block{at("fd00:ec2::/32"), "cloud metadata", false},
	block{at("fd20:ce::/32"), "cloud metadata", false},
	block{at("fc00::/7"), "private", true},
)

// nat64 is the well-known prefix behind which a network translates to IPv4 (RFC 6052).
var nat64 = at("64:ff9b::/96")

func at(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func table(b ...block) []block { return b }

// find returns the first block that holds the address. More specific blocks stand before the
// private ranges that surround them.
func find(blocks []block, a netip.Addr) (block, bool) {
	for _, b := range blocks {
		if b.prefix.Contains(a) {
			return b, true
		}
	}
	return block{}, false
}

// special says why an address is not a public host, "" if it is one, and whether it may be allowed
// as part of the operator's own network.
func special(a netip.Addr) (name string, private bool) {
	a = a.Unmap()
	switch {
	case !a.IsValid():
		return "not an address", false
	case a.Zone() != "":
		return "link-local", false
	case a.Is4():
		b, _ := find(blocks4, a)
		return b.name, b.private
	case nat64.Contains(a):
		return translated(a), false
	}
	if b, ok := find(blocks6, a); ok {
		return b.name, b.private
	}
	switch {
	case !global6.Contains(a):
		return "not public", false
	case isISATAP(a):
		return "tunnel to IPv4", false
	}
	return "", false
}

// translated judges an address behind the well-known prefix by the IPv4 address in its last 32
// bits: networks without IPv4 reach public IPv4 hosts that way, but nothing private.
func translated(a netip.Addr) string {
	b := a.As16()
	name, _ := special(netip.AddrFrom4([4]byte(b[12:])))
	return name
}

// isISATAP reports an interface identifier that carries an IPv4 address (RFC 5214).
func isISATAP(a netip.Addr) bool {
	b := a.As16()
	return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
