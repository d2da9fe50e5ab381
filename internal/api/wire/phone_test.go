package wire_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/api/wire"
)

func TestMaskPhone(t *testing.T) {
	for phone, want := range map[string]string{
		"0241234567": "024****567", "123456789": "123****789", "12345678": "****", "12345": "****",
		"": "****",
	} {
		if got := wire.MaskPhone(phone); got != want {
			t.Errorf("%q is shown as %s", phone, got)
		}
	}
}
