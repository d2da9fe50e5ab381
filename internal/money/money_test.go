package money

import (
	"errors"
	"testing"
)

func TestDecimal_FollowsTheCurrencysExponent(t *testing.T) {
	for _, tc := range []struct {
		minor int64
		code  string
		want  string
	}{
		{5000, "GHS", "50.00"}, {5, "GHS", "0.05"}, {500, "JPY", "500"}, {1, "JPY", "1"},
		{1234, "KWD", "1.234"}, {7, "KWD", "0.007"}, {MaxMinor, "USD", "10000000000.00"},
	} {
		a, err := New(tc.minor, tc.code)
		if err != nil {
			t.Fatalf("New(%d, %s): %v", tc.minor, tc.code, err)
		}
		if got := a.Decimal(); got != tc.want {
			t.Errorf("%d %s = %s, want %s", tc.minor, tc.code, got, tc.want)
		}
	}
}

func TestNew_RefusesWhatNobodyCanPay(t *testing.T) {
	for _, tc := range []struct {
		minor int64
		code  string
		want  error
	}{
		{0, "GHS", ErrRange}, {-1, "GHS", ErrRange}, {MaxMinor + 1, "GHS", ErrRange},
		{1, "ghs", ErrCurrency}, {1, "", ErrCurrency}, {1, "ZZZ", ErrCurrency},
	} {
		if _, err := New(tc.minor, tc.code); !errors.Is(err, tc.want) {
			t.Errorf("New(%d, %q) = %v, want %v", tc.minor, tc.code, err, tc.want)
		}
	}
}

func TestArithmetic_IsCheckedAndNeverNegative(t *testing.T) {
	a, b := Amount{100, "GHS"}, Amount{60, "GHS"}
	if got, err := a.Sub(b); err != nil || got.Minor != 40 {
		t.Errorf("100-60 = %v, %v", got, err)
	}
	if _, err := b.Sub(a); !errors.Is(err, ErrRange) {
		t.Errorf("60-100 = %v, want ErrRange", err)
	}
	if _, err := a.Add(Amount{1, "USD"}); !errors.Is(err, ErrMismatch) {
		t.Errorf("GHS+USD = %v, want ErrMismatch", err)
	}
	if _, err := (Amount{MaxMinor, "GHS"}).Add(a); !errors.Is(err, ErrRange) {
		t.Errorf("max+100 = %v, want ErrRange", err)
	}
}

func TestFormat_ShowsTheCode(t *testing.T) {
	for locale, want := range map[string]string{
		"en": "GHS 1,250.50", "en-GH": "GHS 1,250.50",
	} {
		got := Amount{125050, "GHS"}.Format(locale)
		if spaced(got) != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
}

// spaced turns the no-break spaces of CLDR into plain ones.
func spaced(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r == '\u00a0' || r == '\u202f' {
			out[i] = ' '
		}
	}
	return string(out)
}
