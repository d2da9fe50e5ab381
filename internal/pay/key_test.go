package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

func TestRollKey_OverlapsAndNeverRevives(t *testing.T) {
	w := paytest.New(t)
	ctx := context.Background()
	works := func(key string) bool {
		_, err := w.Pay.Authenticate(ctx, key)
		return err == nil
	}
	old := paytest.Key("shop")
	_, fresh, err := w.Pay.RollKey(ctx, old, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if !works(old) || !works(fresh.Reveal()) {
		t.Error("both keys should work during the overlap")
	}
	w.Clock.Advance(time.Hour)
	if works(old) || !works(fresh.Reveal()) {
		t.Error("only the new key should work after the overlap")
	}
	if _, _, err := w.Pay.RollKey(ctx, old, time.Hour); !pay.IsKind(err, pay.State) || works(old) {
		t.Errorf("a key that had ended was rolled: %v", err)
	}
	if err := w.Pay.RevokeKey(ctx, "sk_live_shop"); err != nil || works(paytest.LiveKey("shop")) {
		t.Errorf("a revoked key works: %v", err)
	}
}

func TestAuthenticate_RefusesWhatIsNotAKey(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		for _, token := range []string{
			"", "sk_test_", "sk_test_shopx", "sk_live_sho", "pk_live_shop", "xx_test_shop",
			"sk_prod_shop", "sk_test_shop ", "SK_TEST_SHOP", "sk_test_\xff", "sk_test_shop\x00",
			"sk_test_\u212aey",
		} {
			_, err := w.Pay.Authenticate(context.Background(), token)
			if !pay.IsKind(err, pay.Unauthorized) {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}

func TestCreateMerchant_WantsOriginsThatCanBeUsed(t *testing.T) {
	w := paytest.New(t)
	for _, origin := range []string{"http://shop.test", "https://shop.test/", "shop.test", ""} {
		_, err := w.Pay.CreateMerchant(context.Background(), pay.NewMerchant{
			Name: "x", ReturnOrigins: []string{origin},
		})
		if e := pay.AsError(err); e == nil || e.Param != "return_origins" {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
