package npp_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/npp"
)

func TestStatus_OnlyTwoWordsAreFinal(t *testing.T) {
	final := map[npp.Status]bool{"ACSC": true, "RJCT": true}
	seen := map[npp.Status]bool{}
	for _, s := range npp.Statuses() {
		if seen[s] || s.Final() != final[s] || s.Says() == npp.Status("").Says() {
			t.Errorf("%s: final %v, says %q", s, s.Final(), s.Says())
		}
		seen[s] = true
	}
	for _, s := range []npp.Status{
		"ACSC", "RJCT", "ACCP", "ACSP", "INPR", "RECV", "SAFD", "SENT", "UNDV", "PDNG",
	} {
		if !seen[s] {
			t.Errorf("%s is not listed", s)
		}
	}
	for _, s := range []npp.Status{"", "XXXX", "acsc", "RJCT ", "ACTC"} {
		if s.Final() || seen[s] || s.Says() == "" {
			t.Errorf("%q: final %v, says %q", s, s.Final(), s.Says())
		}
	}
}
