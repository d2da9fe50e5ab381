package egress_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/egress"
)

var addresses = []struct {
	addr    string
	strict  bool // admitted by the strict policy
	private bool // admitted where private targets are allowed
}{
	{"8.8.8.8", true, true},
	{"1.1.1.1", true, true},
	{"100.63.255.255", true, true},
	{"100.128.0.0", true, true},
	{"172.15.255.255", true, true},
	{"172.32.0.0", true, true},
	{"198.17.255.255", true, true},
	{"198.20.0.0", true, true},
	{"223.255.255.255", true, true},
	{"2606:4700:4700::1111", true, true},
	{"2a00:1450:4001:80b::200e", true, true},
	{"::ffff:8.8.8.8", true, true},
	{"64:ff9b::8.8.8.8", true, true},

	{"10.0.0.1", false, true},
	{"172.16.0.1", false, true},
	{"172.31.255.255", false, true},
	{"192.168.1.1", false, true},
	{"127.0.0.1", false, true},
	{"127.255.255.254", false, true},
	{"100.64.0.1", false, true},
	{"100.127.255.255", false, true},
	{"::1", false, true},
	{"fd12:3456::1", false, true},
	{"::ffff:127.0.0.1", false, true},
	{"::ffff:10.1.2.3", false, true},

	{"0.0.0.0", false, false},
	{"0.1.2.3", false, false},
	{"100.100.100.200", false, false},
	{"168.63.129.16", false, false},
	{"169.254.0.1", false, false},
	{"169.254.169.254", false, false},
	{"192.0.0.1", false, false},
	{"192.0.0.192", false, false},
	{"192.0.2.1", false, false},
	{"192.31.196.1", false, false},
	{"192.52.193.1", false, false},
	{"192.88.99.1", false, false},
	{"192.175.48.1", false, false},
	{"198.18.0.1", false, false},
	{"198.19.255.255", false, false},
	{"198.51.100.1", false, false},
	{"203.0.113.1", false, false},
	{"224.0.0.1", false, false},
	{"239.255.255.255", false, false},
	{"240.0.0.1", false, false},
	{"255.255.255.255", false, false},
	{"::", false, false},
	{"::10.0.0.1", false, false},
	{"::8.8.8.8", false, false},
	{"::ffff:169.254.169.254", false, false},
	{"64:ff9b::10.0.0.1", false, false},
	{"64:ff9b::127.0.0.1", false, false},
	{"64:ff9b::169.254.169.254", false, false},
	{"64:ff9b:1::1", false, false},
	{"64:ff9b::1:8.8.8.8", false, false},
	{"100::1", false, false},
	{"2001::1", false, false},
	{"2001:0:4136:e378:8000:63bf:3fff:fdd2", false, false},
	{"2001:2::1", false, false},
	{"2001:10::1", false, false},
	{"2001:20::1", false, false},
	{"2001:db8::1", false, false},
	{"2002:7f00:1::1", false, false},
	{"2002:808:808::1", false, false},
	{"2620:4f:8000::1", false, false},
	{"2a00:1450::5efe:10.0.0.1", false, false},
	{"2a00:1450::200:5efe:8.8.8.8", false, false},
	{"3fff::1", false, false},
	{"4000::1", false, false},
	{"5f00::1", false, false},
	{"fd00:ec2::254", false, false},
	{"fd20:ce::254", false, false},
	{"fe80::1", false, false},
	{"fe80::1%eth0", false, false},
	{"fec0::1", false, false},
	{"ff02::1", false, false},
}

func TestAdmit_Addresses(t *testing.T) {
	lenient := egress.Policy{AllowPrivate: true}
	for _, c := range addresses {
		a := netip.AddrPortFrom(netip.MustParseAddr(c.addr), 443)
		if got := (egress.Policy{}).Admit(a) == nil; got != c.strict {
			t.Errorf("strict policy admits %s: %v, want %v", c.addr, got, c.strict)
		}
		if got := lenient.Admit(a) == nil; got != c.private {
			t.Errorf("policy with private targets admits %s: %v, want %v", c.addr, got, c.private)
		}
	}
}

func TestAdmit_Ports(t *testing.T) {
	for _, c := range []struct {
		policy egress.Policy
		port   uint16
		want   bool
	}{
		{egress.Policy{}, 443, true},
		{egress.Policy{}, 8443, true},
		{egress.Policy{}, 80, false},
		{egress.Policy{}, 22, false},
		{egress.Policy{AllowHTTP: true}, 80, true},
		{egress.Policy{AllowHTTP: true}, 6379, false},
		{egress.Policy{Ports: []int{9443}}, 9443, true},
		{egress.Policy{Ports: []int{9443}}, 443, false},
		{egress.Policy{AllowPrivate: true}, 3000, true},
		{egress.Policy{AllowPrivate: true}, 0, false},
	} {
		err := c.policy.Admit(netip.AddrPortFrom(netip.MustParseAddr("8.8.8.8"), c.port))
		if (err == nil) != c.want {
			t.Errorf("%+v, port %d: %v, want admitted %v", c.policy, c.port, err, c.want)
		}
		var refused *egress.Refused
		if err != nil && (!errors.As(err, &refused) || refused.Reason != "port") {
			t.Errorf("port %d: error %v does not name the port", c.port, err)
		}
	}
}

func TestCheck(t *testing.T) {
	strict, dev := egress.Policy{}, egress.Policy{AllowPrivate: true, AllowHTTP: true}
	for _, c := range []struct {
		url    string
		strict string // part of the refusal; "" when the URL is good
		dev    string
	}{
		{"https://shop.example/hooks", "", ""},
		{"https://shop.example:8443/hooks?a=b", "", ""},
		{"https://SHOP.example./hooks", "", ""},
		{"https://xn--bcher-kva.example/", "", ""},
		{"https://8.8.8.8/hooks", "", ""},
		{"https://[2606:4700::1111]/hooks", "", ""},

		{"http://shop.example/hooks", "https", ""},
		{"https://shop.example:3000/", "port", ""},
		{"https://127.0.0.1/", "not public", ""},
		{"http://127.0.0.1:3000/hooks", "https", ""},
		{"https://[::1]:443/", "not public", ""},
		{"https://localhost/", "not public", ""},
		{"https://api.LOCALHOST./", "not public", ""},
		{"https://[::ffff:10.0.0.1]/", "not public", ""},

		{"https://169.254.169.254/latest/meta-data", "not public", "not public"},
		{"https://[fe80::1%25eth0]/", "not public", "not public"},
		{"https://2130706433/", "notation", "notation"},
		{"https://127.1/", "notation", "notation"},
		{"https://0x7f.0.0.1/", "notation", "notation"},
		{"https://0177.0.0.1/", "notation", "notation"},
		{"https://a:b@shop.example/", "user name", "user name"},
		{"https://a@shop.example/", "user name", "user name"},
		{"https://shop.example/#x", "fragment", "fragment"},
		{"https://shop.example/#", "fragment", "fragment"},
		{"https://shop.example:/", "port", "port"},
		{"https://shop.example:99999/", "port", "port"},
		{"https://shop.example:0/", "port", "port"},
		{"ftp://shop.example/", "https", "https"},
		{"javascript:alert(1)", "absolute URL", "absolute URL"},
		{"file:///etc/passwd", "absolute URL", "absolute URL"},
		{"//shop.example/", "https", "https"},
		{"/hooks", "absolute URL", "absolute URL"},
		{"", "absolute URL", "absolute URL"},
		{"https://", "absolute URL", "absolute URL"},
		{"https:///hooks", "absolute URL", "absolute URL"},
		{"https://shop..example/", "letters", "letters"},
		{"https://sh%6fp.example/", "absolute URL", "absolute URL"},
		{"https://shop.example/a,b@c", "", ""},
		{"https://shop.exa!mple/", "letters", "letters"},
		{"https://shop.example/\r\nHost: x", "ASCII", "ASCII"},
		{"https://shop.example\\@127.0.0.1/", "ASCII", "ASCII"},
		{"https://127。0。0。1/", "ASCII", "ASCII"},
		{"https://" + strings.Repeat("a", 64) + ".example/", "letters", "letters"},
		{"https://shop.example/" + strings.Repeat("a", egress.MaxURL), "characters", "characters"},
	} {
		expect(t, "strict", c.url, strict.Check(c.url), c.strict)
		expect(t, "dev", c.url, dev.Check(c.url), c.dev)
	}
}

func expect(t *testing.T, policy, url string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %.80q is refused: %v", policy, url, err)
	case want != "" && err == nil:
		t.Errorf("%s: %.80q is accepted, want a refusal with %q", policy, url, want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("%s: %.80q: %q does not say %q", policy, url, err, want)
	}
}
