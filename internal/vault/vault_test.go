package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
)

var _ pay.Vault = (*Vault)(nil)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, KeySize) }

func vaultOf(t testing.TB, b byte) *Vault {
	t.Helper()
	v, err := FromKey(key(b), ident.From(rand.Reader))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSeal_OpensAgain(t *testing.T) {
	v := vaultOf(t, 1)
	for _, plain := range []string{"", "x", "whsec_abc", strings.Repeat("long ", 10000)} {
		sealed := v.Seal("purpose", []byte(plain))
		got, err := v.Open("purpose", sealed)
		if err != nil || string(got) != plain {
			t.Fatalf("Open = %.20q, %v; want %.20q", got, err, plain)
		}
		// A byte or two turn up among random ones by chance; eight do not.
		if len(plain) >= 8 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("the sealed value shows %.20q", plain)
		}
		if len(sealed) != len(plain)+overhead {
			t.Errorf("sealed length = %d, want %d", len(sealed), len(plain)+overhead)
		}
	}
}

func TestSeal_NeverTwiceTheSame(t *testing.T) {
	v := vaultOf(t, 1)
	if bytes.Equal(v.Seal("p", []byte("same")), v.Seal("p", []byte("same"))) {
		t.Error("two seals of one value are equal")
	}
}

func TestOpen_RefusesEveryChangedBit(t *testing.T) {
	v := vaultOf(t, 1)
	sealed := v.Seal("p", []byte("plain"))
	for i := range len(sealed) * 8 {
		bad := bytes.Clone(sealed)
		bad[i/8] ^= 1 << (i % 8)
		if got, err := v.Open("p", bad); !errors.Is(err, ErrSealed) || got != nil {
			t.Fatalf("bit %d changed: Open = %q, %v", i, got, err)
		}
	}
}

func TestOpen_RefusesWhatIsNotOurs(t *testing.T) {
	v, other := vaultOf(t, 1), vaultOf(t, 2)
	sealed := v.Seal("p", []byte("plain"))
	tests := map[string]struct {
		by      *Vault
		purpose string
		sealed  []byte
	}{
		"other purpose":  {v, "q", sealed},
		"longer purpose": {v, "p ", sealed},
		"no purpose":     {v, "", sealed},
		"other secret":   {other, "p", sealed},
		"nothing":        {v, "p", nil},
		"cut":            {v, "p", sealed[:len(sealed)-1]},
		"only a head":    {v, "p", sealed[:overhead-1]},
		"longer":         {v, "p", append(bytes.Clone(sealed), 0)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := test.by.Open(test.purpose, test.sealed); !errors.Is(err, ErrSealed) {
				t.Errorf("Open = %q, %v; want ErrSealed", got, err)
			}
		})
	}
}

func TestMAC(t *testing.T) {
	v := vaultOf(t, 1)
	mac := v.MAC("p", "message")
	if len(mac) != 32 || !bytes.Equal(mac, v.MAC("p", "message")) {
		t.Fatalf("MAC is not a stable value of 32 bytes: %x", mac)
	}
	for name, other := range map[string][]byte{
		"message": v.MAC("p", "messagE"), "purpose": v.MAC("q", "message"),
		"secret": vaultOf(t, 2).MAC("p", "message"),
		"border": v.MAC("pm", "essage"),
	} {
		if bytes.Equal(mac, other) {
			t.Errorf("the MAC does not depend on the %s", name)
		}
	}
}

// The derivation may never change: what is sealed and the page links that are out depend on it.
func TestMAC_IsFixedForEver(t *testing.T) {
	const want = "1f68914c9d155cf21401ba1d0534dcf4685eaf5d4c717d3c65f9489a21ddb5d3"
	if got := fmt.Sprintf("%x", vaultOf(t, 1).MAC("page key", "cs_1")); got != want {
		t.Errorf("MAC = %s, want %s", got, want)
	}
}

func TestCheck_TellsSecretsApart(t *testing.T) {
	one, same, other := vaultOf(t, 1), vaultOf(t, 1), vaultOf(t, 2)
	if one.Check() != same.Check() {
		t.Error("the same secret does not match")
	}
	if one.Check() == other.Check() {
		t.Error("another secret matches")
	}
}

func TestFromKey_WantsTheWholeKey(t *testing.T) {
	for _, n := range []int{0, 16, KeySize - 1, KeySize + 1} {
		if _, err := FromKey(make([]byte, n), ident.Random()); err == nil {
			t.Errorf("a secret of %d bytes was taken", n)
		}
	}
}

func TestVault_PrintsNothing(t *testing.T) {
	v := vaultOf(t, 'k')
	v.MAC("p", "m")
	v.Seal("p", []byte("x"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out := fmt.Sprintf(verb, v)
		if strings.Contains(out, "kkkk") || strings.Contains(out, "6b6b6b") ||
			strings.Contains(out, "107 107") || strings.Contains(out, "0x6b, 0x6b") {
			t.Errorf("%s shows the secret: %.80s", verb, out)
		}
	}
}

func TestVault_ManyPurposesAtOnce(t *testing.T) {
	v := vaultOf(t, 1)
	var wg sync.WaitGroup
	for i := range 2 * maxPurposes {
		wg.Go(func() {
			p := fmt.Sprint("purpose ", i)
			plain, err := v.Open(p, v.Seal(p, []byte(p)))
			if err != nil || string(plain) != p || !bytes.Equal(v.MAC(p, p), v.MAC(p, p)) {
				t.Errorf("%s: %q, %v", p, plain, err)
			}
		})
	}
	wg.Wait()
	if len(v.seals) > maxPurposes || len(v.macs) > maxPurposes {
		t.Errorf("%d and %d keys kept, at most %d", len(v.seals), len(v.macs), maxPurposes)
	}
}

func BenchmarkMAC(b *testing.B) {
	v := vaultOf(b, 1)
	for b.Loop() {
		v.MAC("page key", "cs_01jd0000000000000000000000")
	}
}
