package pay

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated diagrams")

// edges lists a table as "from --> to: signal", in the order of the states.
func edges[S ~uint8, X ~uint8](
	table map[S]map[X]S, state, signal func(uint8) string,
) []string {
	var out []string
	for from := uint8(1); state(from) != ""; from++ {
		var lines []string
		for x, to := range table[S(from)] {
			lines = append(lines, fmt.Sprintf("%s --> %s: %s",
				state(from), state(uint8(to)), signal(uint8(x))))
		}
		sort.Strings(lines)
		out = append(out, lines...)
	}
	return out
}

func word(names []string) func(uint8) string {
	return func(i uint8) string {
		if int(i) >= len(names) {
			return ""
		}
		return names[i]
	}
}

func diagram(title, first string, lines []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n```mermaid\nstateDiagram-v2\n    [*] --> %s\n", title, first)
	ends := map[string]bool{}
	leaves := map[string]bool{}
	for _, l := range lines {
		fmt.Fprintf(&b, "    %s\n", l)
		from, rest, _ := strings.Cut(l, " --> ")
		to, _, _ := strings.Cut(rest, ":")
		leaves[from] = true
		ends[to] = true
	}
	var final []string
	for s := range ends {
		if !leaves[s] {
			final = append(final, s)
		}
	}
	sort.Strings(final)
	for _, s := range final {
		fmt.Fprintf(&b, "    %s --> [*]\n", s)
	}
	b.WriteString("```\n\n")
	return b.String()
}

// TestDiagrams_AreTheTables keeps docs/state.md equal to the tables.
func TestDiagrams_AreTheTables(t *testing.T) {
	text := "# States\n\nGenerated from the tables in `internal/pay/state.go` by " +
		"`go test ./internal/pay -run Diagrams -update`.\n\n" +
		diagram("Session", "open",
			edges(sessionTable, word(sessionStateNames[:]), word(sessionSignalNames[:]))) +
		diagram("Payment", "created",
			edges(paymentTable, word(paymentStateNames[:]), word(paymentSignalNames[:]))) +
		diagram("Refund", "pending",
			edges(refundTable, word(refundStateNames[:]), word(refundSignalNames[:])))
	text = strings.TrimRight(text, "\n") + "\n"
	path := filepath.Join("..", "..", "docs", "state.md")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != text {
		t.Errorf("docs/state.md is not what the tables say (%v); run "+
			"go test ./internal/pay -run Diagrams -update", err)
	}
}

func TestTables_FinalStatesAbsorb(t *testing.T) {
	for _, s := range []SessionState{SessionComplete, SessionExpired} {
		for x := range sessionSignalNames {
			if next, ok := s.Next(SessionSignal(x)); ok {
				t.Errorf("session %s goes on to %s", s, next)
			}
		}
	}
	for s, only := range map[PaymentState]PaymentState{
		PaymentPaid: PaymentOverpaid, PaymentLate: PaymentLate,
	} {
		for x := range paymentSignalNames {
			next, ok := s.Next(PaymentSignal(x))
			if ok && (PaymentSignal(x) != PaymentExcess || next != only) {
				t.Errorf("payment %s goes on to %s by %s", s, next, PaymentSignal(x))
			}
		}
	}
	for _, s := range []PaymentState{PaymentFailed, PaymentCanceled} {
		for x := range paymentSignalNames {
			next, ok := s.Next(PaymentSignal(x))
			if ok && (PaymentSignal(x) != PaymentPay || next != PaymentLate) {
				t.Errorf("payment %s goes on to %s by %s", s, next, PaymentSignal(x))
			}
		}
	}
}

// TestTables_APayerCanAlwaysBeAnswered proves that every open payment can still end.
func TestTables_EveryOpenPaymentCanEnd(t *testing.T) {
	for s := PaymentCreated; s <= PaymentLate; s++ {
		if !s.InFlight() && s != PaymentAuthorised {
			continue
		}
		for _, x := range []PaymentSignal{PaymentPay, PaymentFail, PaymentCancel} {
			if _, ok := s.Next(x); !ok {
				t.Errorf("payment %s has no way out by %s", s, x)
			}
		}
	}
}

func TestStates_SurviveTheirText(t *testing.T) {
	for s := SessionOpen; s <= SessionExpired; s++ {
		if got := ParseSessionState(s.String()); got != s {
			t.Errorf("%s reads back as %s", s, got)
		}
	}
	for s := PaymentCreated; s <= PaymentOverpaid; s++ {
		if got := ParsePaymentState(s.String()); got != s {
			t.Errorf("%s reads back as %s", s, got)
		}
	}
	for s := RefundPending; s <= RefundFailed; s++ {
		if got := ParseRefundState(s.String()); got != s {
			t.Errorf("%s reads back as %s", s, got)
		}
	}
	if ParseSessionState("") != 0 || ParsePaymentState("none") != 0 {
		t.Error("an unknown word became a state")
	}
}
