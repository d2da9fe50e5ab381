package egress_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/egress"
)

// FuzzAdmit holds the table against the predicates of net/netip, which know less but nothing
// wrong, and against every way to write an IPv4 address inside an IPv6 one.
func FuzzAdmit(f *testing.F) {
	for _, c := range addresses {
		b, err := netip.MustParseAddr(c.addr).WithZone("").MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		strict, lenient := admits(egress.Policy{}, a), admits(egress.Policy{AllowPrivate: true}, a)
		if strict && !lenient {
			t.Errorf("%s: the strict policy admits what the lenient one refuses", a)
		}
		if u := a.Unmap(); strict && (!u.IsGlobalUnicast() || u.IsPrivate()) {
			t.Errorf("%s is admitted", a)
		}
		if a.Is4() {
			embedded(t, a, strict)
		}
	})
}

func admits(p egress.Policy, a netip.Addr) bool {
	return p.Admit(netip.AddrPortFrom(a, 443)) == nil
}

func embedded(t *testing.T, a netip.Addr, strict bool) {
	b := a.As4()
	hex := netip.AddrFrom16([16]byte{12: b[0], 13: b[1], 14: b[2], 15: b[3]})
	mapped := netip.AddrFrom16(a.As16())
	translated := netip.AddrFrom16([16]byte{1: 0x64, 2: 0xff, 3: 0x9b,
		12: b[0], 13: b[1], 14: b[2], 15: b[3]})
	sixToFour := netip.AddrFrom16([16]byte{0x20, 0x02, b[0], b[1], b[2], b[3]})
	p := egress.Policy{}
	if admits(p, hex) || admits(p, sixToFour) {
		t.Errorf("%s or %s is admitted", hex, sixToFour)
	}
	if admits(p, mapped) != strict || admits(p, translated) != strict {
		t.Errorf("%s is judged otherwise in %s or %s", a, mapped, translated)
	}
}

// FuzzCheck proves that what Check lets through has the parts that it promises.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		"https://shop.example/hooks", "https://127.0.0.1/", "https://[::ffff:7f00:1]/",
		"https://user@shop.example", "https://shop.example:444", "https://0x7f.1/", "https:a",
		"https://shop.example:443@127.0.0.1/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if (egress.Policy{}).Check(raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Fatalf("%q is accepted", raw)
		}
		if p := u.Port(); p != "" && strings.TrimLeft(p, "0") != "443" &&
			strings.TrimLeft(p, "0") != "8443" {
			t.Fatalf("%q is accepted with port %s", raw, p)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && !admits(egress.Policy{}, a) {
			t.Fatalf("%q is accepted with a refused address", raw)
		}
	})
}
