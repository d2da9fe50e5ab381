package secret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/secret"
)

func TestMask(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"paid", "paid"},
		{"4242424242424242", "****4242"},
		{"card 4242 4242 4242 4242 declined", "card ****4242 declined"},
		{"4242-4242-4242-4242", "****4242"},
		{"4242 - 4242 - 4242 - 4242", "****4242"},
		{"4242.4242.4242.4242", "****4242"},
		{"4242\n4242\t4242\r\n4242", "****4242"},
		{"4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "****4 2 4 2"},
		{"number=4242%204242%204242%204242&x", "number=****4242&x"},
		{"number=4242+4242+4242+4242", "number=****4242"},
		{"4242\u00a04242\u20114242\u20134242", "****4242"},
		{`["4242","4242","4242","4242"]`, `["****4242"]`},
		{"x4242424242424242y", "x****4242y"},
		{"12 4242 4242 4242 4242", "12 ****4242"},
		{"000000004242424242424242", "00000000****4242"},
		{"3782 822463 10005", "****0005"},
		{"4222222222222", "****2222"},
		{"6304 0000 0000 0000 000", "****0 000"},
		{"４２４２４２４２４２４２４２４２", "****４２４２"},
		{"٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "****٤٢٤٢"},
		{"a 4242424242424242 b 5555555555554444 c", "a ****4242 b ****4444 c"},
		{"1111111111111111", "1111111111111111"},
		{"424242424242", "424242424242"},
		{"4242:4242:4242:4242", "4242:4242:4242:4242"},
		{"0000000000000000", "0000000000000000"},
		{"2026-10-03T09:41:02Z", "2026-10-03T09:41:02Z"},
		{"10.0.0.1:8080", "10.0.0.1:8080"},
		{"GHS 125.50", "GHS 125.50"},
		{"\xff\xfe4242424242424242\xff", "\xff\xfe****4242\xff"},

		{"sk_test_demo", "sk_test_****"},
		{"Bearer sk_live_9f8e7d6c", "Bearer sk_live_****"},
		{"xsk_live_9f8e7d6c", "xsk_live_****"},
		{"pk_live_9f8e7d6c.", "pk_live_****."},
		{"rk_test_abc,rk_live_def", "rk_test_****,rk_live_****"},
		{"sk_0123456789", "sk_****"},
		{"token=sk_0123456789", "token=sk_****"},
		{"whsec_5Qm2+R8/Kx0Lz7Nd==", "whsec_****"},
		{"task_list disk_usage risk_score", "task_list disk_usage risk_score"},
		{"sk_ is a prefix", "sk_ is a prefix"},
		{"/checkout/cs_1?key=0123456789abcdefghjk#x", "/checkout/cs_1?key=****#x"},
		{"?page_key%3D0123456789abcdefghjk", "?page_key%3D****"},
		{"key=short", "key=short"},
		{"cs_01j9w2q8zr5k3m7n4p6t1v0xya", "cs_01j9w2q8zr5k3m7n4p6t1v0xya"},
		{"sk_live_4242424242424242", "sk_live_****"},
	}
	for _, tt := range tests {
		if got := secret.Mask(tt.in); got != tt.want {
			t.Errorf("Mask(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestMask_EveryLength hides generated numbers of every length in every surrounding.
func TestMask_EveryLength(t *testing.T) {
	around := []string{"%s", "a%sb", " %s ", "12 %s 34", "\"%s\"", "%s%%", "é%sé", "0%s", "%s0"}
	for n := 13; n <= 19; n++ {
		for first := byte('1'); first <= '9'; first++ {
			pan := withCheckDigit(string(first) + strings.Repeat("7", n-2))
			for _, a := range around {
				text := fmt.Sprintf(a, pan)
				if got := secret.Mask(text); strings.Contains(got, pan[:n-4]) {
					t.Errorf("Mask(%q) = %q", text, got)
				}
			}
		}
	}
}

func withCheckDigit(s string) string {
	for d := byte('0'); d <= '9'; d++ {
		if luhnOK(s + string(d)) {
			return s + string(d)
		}
	}
	panic("every number has a check digit")
}

func luhnOK(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

// FuzzMask checks that no digits of a card number survive wherever it is put, that masking twice
// is masking once, and that text without digits and prefixes is left alone.
func FuzzMask(f *testing.F) {
	f.Add("before ", " after", uint64(424242424242424), uint8(16), uint8(4))
	f.Add("12-", "-34", uint64(37828224631000), uint8(15), uint8(1))
	f.Add("sk_live_", "", uint64(1), uint8(13), uint8(0))
	f.Add("key=", "&", uint64(999999999999999999), uint8(19), uint8(7))
	f.Fuzz(func(t *testing.T, before, after string, seed uint64, length, every uint8) {
		n := 13 + int(length)%7
		pan := withCheckDigit("4" + fmt.Sprintf("%020d", seed)[20-(n-2):])
		text := before + group(pan, int(every)) + after
		got := secret.Mask(text)
		if secret.Mask(got) != got {
			t.Fatalf("twice: %q, then %q, then %q", text, got, secret.Mask(got))
		}
		if digits := onlyDigits(got); strings.Contains(digits, pan) &&
			!strings.Contains(onlyDigits(before+"x"+after), pan) {
			t.Fatalf("%q keeps %s: %q", text, pan, got)
		}
		if plain := strings.Map(letters, before); secret.Mask(plain) != plain {
			t.Fatalf("%q changed to %q", plain, secret.Mask(plain))
		}
	})
}

func group(s string, every int) string {
	if every == 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && i%every == 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' {
			return -1
		}
		return r
	}, s)
}

func letters(r rune) rune {
	if r >= 'A' && r <= 'Z' || r == ' ' {
		return r
	}
	return -1
}

func BenchmarkMask_Plain(b *testing.B) {
	for b.Loop() {
		secret.Mask("POST /v1/checkout/sessions cs_01j9w2q8zr5k3m7n4p6t1v0xya 201")
	}
}

func BenchmarkMask_Card(b *testing.B) {
	for b.Loop() {
		secret.Mask("the card 4242 4242 4242 4242 was refused")
	}
}
