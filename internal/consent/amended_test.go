package consent_test

import (
	"slices"
	"testing"

	"github.com/kassa-pay/kassa/internal/consent"
)

func TestAmended_SaysNothingOfAPayment(t *testing.T) {
	for _, language := range []string{"en", "fr"} {
		for i, a := range agreements {
			f := factsOf(t, language, i)
			f.Amount, f.Counted = 0, false
			verified := consent.Words(f)
			f.Amount, f.Counted = 2000, true
			if got := consent.Amended(f); !slices.Equal(got, verified[1:]) {
				t.Errorf("%s, %s: %q", language, a.name, got)
			}
		}
	}
}
