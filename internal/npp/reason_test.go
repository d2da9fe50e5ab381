package npp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/npp"
)

func TestReasons_AreWhole(t *testing.T) {
	all := npp.Reasons()
	if len(all) < 90 {
		t.Fatalf("%d reasons", len(all))
	}
	byCode := func(a, b npp.Reason) int { return strings.Compare(a.Code, b.Code) }
	if !slices.IsSortedFunc(all, byCode) {
		t.Error("the codes are not in order")
	}
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.Code] {
			t.Errorf("%s is listed twice", r.Code)
		}
		seen[r.Code] = true
		if r.Title == "" || !strings.HasSuffix(r.Detail, ".") || r.Contexts == "" ||
			strings.Trim(r.Contexts, "DCPR") != "" {
			t.Errorf("%+v", r)
		}
		if r.Retry && !r.In(npp.PaymentRejected) {
			t.Errorf("%s: what is no payment cannot be tried again", r.Code)
		}
		if npp.Lookup(r.Code) != r || !npp.Known(r.Code) {
			t.Errorf("%s is not found", r.Code)
		}
	}
}

func TestReasons_SayWhetherTryingAgainHelps(t *testing.T) {
	for code, retry := range map[string]bool{
		"AM04": true, "AM21": true, "AB03": true, "AC06": true, "SL13": true, "FF10": true,
		"AC02": false, "AC05": false, "NACT": false, "NAUT": false, "AVED": false, "SYS": false,
	} {
		if npp.Lookup(code).Retry != retry {
			t.Errorf("%s: retry is not %v", code, retry)
		}
	}
	for code, in := range map[string]string{
		"MD16": "DC", "MD17": "C", "NOAS": "DC", "AM04": "PR", "AC05": "DCPR", "ZPREF07": "R",
	} {
		for _, c := range []npp.Context{npp.AgreementDeclined, npp.AgreementChanged,
			npp.PaymentRejected, npp.RefundRejected} {
			if npp.Lookup(code).In(c) != strings.Contains(in, string(c)) {
				t.Errorf("%s in context %c", code, c)
			}
		}
	}
}

func TestLookup_TakesWhatItDoesNotKnow(t *testing.T) {
	if r := npp.Lookup("XX99"); r.Title != "XX99" || r.Detail == "" || r.Retry || npp.Known("XX99") {
		t.Errorf("%+v", r)
	}
	npp.Reasons()[0].Title = "changed"
	if npp.Lookup("AB01").Title != "Aborted Clearing Timeout" || npp.Reasons()[0].Title == "changed" {
		t.Error("the table can be changed from outside")
	}
}
