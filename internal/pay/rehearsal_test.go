package pay_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

func TestRehearsal_CarriesItsPace(t *testing.T) {
	for _, of := range []pay.Rehearsal{"", "approve", "AM04/settling"} {
		for _, p := range []pay.Pace{
			{}, {Answer: time.Second}, {Settle: 24 * time.Hour}, {Answer: time.Minute, Settle: time.Hour},
		} {
			if got, pace := of.At(p).Pace(); got != of || pace != p {
				t.Errorf("%q at %+v is %q at %+v", of, p, got, pace)
			}
		}
	}
	if got := pay.Rehearsal("AM04").At(pay.Pace{Answer: 60e9, Settle: 3e9}); got !=
		"AM04;answer=60;settle=3" {
		t.Errorf("it is written %q", got)
	}
	for _, odd := range []pay.Rehearsal{
		";settle=", "a;settle=0", "a;settle=-1", "a;answer=9999999999",
	} {
		if got, pace := odd.Pace(); got != odd || pace != (pay.Pace{}) {
			t.Errorf("%q is read as %q at %+v", odd, got, pace)
		}
	}
}
