package card_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/vault"
)

const (
	okCard        = "4242424242424242"
	challengeCard = "4000002500003155"
	lateCard      = "4000000000101008"
	twiceCard     = "4000000000103004"
	firstCard     = "4000000000104002"
	reorderCard   = "4000000000105009"
	silentCard    = "4000000000106007"
	stuckCard     = "4000000000109001"
	excessCard    = "4000000000110009"
)

func (b *bench) start(t testing.TB, number string) (pay.Attempt, pay.Outcome) {
	t.Helper()
	a := b.attempt(number)
	out, err := b.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return a, out
}

func TestStart_OneCommitForACharge(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		for _, number := range []string{okCard, "4000000000000002", lateCard, challengeCard} {
			before := b.DB.Commits()
			b.start(t, number)
			if n := b.DB.Commits() - before; n != 1 {
				t.Errorf("%s took %d commits, want 1", number, n)
			}
		}
		before := b.DB.Commits()
		a, _ := b.start(t, okCard)
		b.query(t, a.PaymentID)
		b.collect(t)
		if n := b.DB.Commits() - before; n != 1 {
			t.Errorf("asking and an idle pump took %d commits", n-1)
		}
	})
}

func TestStart_KeepsNoCard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kassa.db")
	b := newBench(t, railtest.NewGround(t, "sqlite:"+path))
	a := b.attempt("4000000000003220")
	// Longer than any real one, which the random ids around it could hold by chance.
	const code = "973 1408 6625"
	a.Card.CVC = secret.NewCVV([]byte(code))
	out, err := b.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimPrefix(out.ActionURL, "http://127.0.0.1:8080/sim/card/challenge/")
	if len(token) != 64 {
		t.Fatalf("action URL %q does not end in 256 bits", out.ActionURL)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	seen := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen = seen || bytes.Contains(text, []byte(a.PaymentID))
		for what, value := range map[string]string{
			"card number": a.Card.Number.Reveal(), "security code": code, "token": token,
		} {
			if bytes.Contains(text, []byte(value)) {
				t.Errorf("%s holds the %s", filepath.Base(file), what)
			}
		}
	}
	if !seen {
		t.Error("the payment itself was not found: the search proves nothing")
	}
}

func TestStart_RecordsContradictions(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		a, _ := b.start(t, okCard)
		more := a
		more.Amount.Minor++
		other := a
		other.Card = cardOf(lateCard)
		for _, again := range []pay.Attempt{more, other} {
			if _, err := b.Start(t.Context(), again); !errors.Is(err, simnet.ErrRefused) {
				t.Errorf("Start = %v, want ErrRefused", err)
			}
		}
		got, err := b.Incidents(t.Context(), b.Merchant)
		if err != nil || len(got) != 2 || !strings.HasPrefix(got[0], a.PaymentID) {
			t.Errorf("incidents = %q, %v", got, err)
		}
	})
}

func TestStart_WithoutACard(t *testing.T) {
	b := sqlite(t)
	a := b.attempt(okCard)
	a.Card = nil
	if _, err := b.Start(t.Context(), a); err == nil {
		t.Error("a payment without a card was taken")
	}
}

func TestStart_Scenarios(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		t.Run("wrong amount", func(t *testing.T) {
			a, out := b.start(t, excessCard)
			if out.Kind != pay.OutcomePaid || out.Amount.Minor != a.Amount.Minor+1 {
				t.Errorf("outcome = %+v", out)
			}
			if got := b.ledger(t, "debit", a.PaymentID); len(got) != 1 || got[0] != out.Amount {
				t.Errorf("debits = %v, the network said %v", got, out.Amount)
			}
		})
		t.Run("stuck", func(t *testing.T) {
			a := b.attempt(stuckCard)
			if _, err := b.Start(t.Context(), a); !errors.Is(err, simnet.ErrNoReply) {
				t.Fatalf("Start = %v", err)
			}
			b.Clock.Advance(b.Facts().ReviewAfter + time.Hour)
			if out := b.query(t, a.PaymentID); out.Kind != pay.OutcomeWaiting {
				t.Errorf("after the review time: %+v", out)
			}
			b.Clock.Advance(24 * time.Hour)
			if out := b.query(t, a.PaymentID); out.Kind != pay.OutcomePaid {
				t.Errorf("in the end: %+v", out)
			}
			if got := b.ledger(t, "debit", a.PaymentID); len(got) != 1 {
				t.Errorf("debits = %v", got)
			}
		})
	})
}

func TestLedger(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		a, _ := b.start(t, lateCard)
		ledger := func() []simnet.Entry {
			all, err := b.Ledger(t.Context(), b.Merchant, b.Clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if got := ledger(); len(got) != 0 {
			t.Errorf("what lies ahead is in the books: %+v", got)
		}
		b.Clock.Advance(time.Minute)
		order := pay.RefundOrder{
			Ref: b.Ref(a.PaymentID), RefundID: b.IDs.ID("re", b.Clock.Now()), Amount: a.Amount,
		}
		if _, err := b.Refund(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		want := []simnet.Entry{
			{ID: a.PaymentID, PaymentID: a.PaymentID, Kind: "debit", Amount: a.Amount,
				PostedAt: a.Now.Add(30 * time.Second)},
			{ID: order.RefundID, PaymentID: a.PaymentID, Kind: "credit", Amount: a.Amount,
				PostedAt: b.Clock.Now()},
		}
		got := ledger()
		if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("Ledger = %+v, want %+v", got, want)
		}
	})
}

func (b *bench) behave(t testing.TB, how pay.Behaviour) {
	t.Helper()
	if err := b.Behave(t.Context(), b.Merchant, how); err != nil {
		t.Fatal(err)
	}
}

func TestBehaviour_Down(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		paid, _ := b.start(t, okCard)
		late, _ := b.start(t, lateCard)
		b.Clock.Advance(time.Minute)
		b.behave(t, pay.Behaviour{Down: true})
		order := pay.RefundOrder{Ref: b.Ref(paid.PaymentID), RefundID: "re_1", Amount: paid.Amount}
		calls := map[string]func(context.Context) (pay.Outcome, error){
			"start": func(ctx context.Context) (pay.Outcome, error) {
				return b.Start(ctx, b.attempt(okCard))
			},
			"query": func(ctx context.Context) (pay.Outcome, error) {
				return b.Query(ctx, b.Ref(paid.PaymentID))
			},
			"capture": func(ctx context.Context) (pay.Outcome, error) {
				return b.Capture(ctx, pay.CaptureOrder{
					Ref: b.Ref(paid.PaymentID), Number: 1, Amount: paid.Amount,
				})
			},
			"void": func(ctx context.Context) (pay.Outcome, error) {
				return b.Void(ctx, b.Ref(late.PaymentID))
			},
			"refund": func(ctx context.Context) (pay.Outcome, error) { return b.Refund(ctx, order) },
			"query refund": func(ctx context.Context) (pay.Outcome, error) {
				return b.QueryRefund(ctx, order)
			},
		}
		for name, call := range calls {
			if out, err := call(t.Context()); !errors.Is(err, simnet.ErrDown) {
				t.Errorf("%s = %+v, %v; want ErrDown", name, out, err)
			}
		}
		if got := b.collect(t); len(got) != 0 {
			t.Errorf("%d notifications from a network that is down", len(got))
		}
		b.behave(t, pay.Behaviour{LoseReplies: true})
		for name, call := range calls {
			if out, err := call(t.Context()); !errors.Is(err, simnet.ErrNoReply) {
				t.Errorf("%s = %+v, %v; want ErrNoReply", name, out, err)
			}
		}
		b.behave(t, pay.Behaviour{})
		if out, err := b.QueryRefund(t.Context(), order); err != nil ||
			out.Kind != pay.OutcomePaid {
			t.Errorf("the refund whose reply was lost: %+v, %v", out, err)
		}
		if got := b.collect(t); len(got) != 1 {
			t.Errorf("%d notifications once the network is back, want 1", len(got))
		}
	})
}

// told returns the notices that arrive now, verified.
func (b *bench) told(t testing.TB) []pay.Notice {
	t.Helper()
	var all []pay.Notice
	for _, got := range b.collect(t) {
		n, err := b.Notify(t.Context(), got.Header, got.Body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

func TestPump_Scenarios(t *testing.T) {
	tests := []struct {
		name, number string
		notices, ids int
	}{
		{"at once", okCard, 0, 0},
		{"late", lateCard, 1, 1},
		{"declined late", "4000000000102006", 1, 1},
		{"twice", twiceCard, 2, 1},
		{"out of order", reorderCard, 2, 2},
		{"never", silentCard, 0, 0},
		{"first, with nobody at the door", firstCard, 1, 1},
	}
	engines(t, func(t *testing.T, b *bench) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				a, _ := b.start(t, test.number)
				b.Clock.Advance(time.Minute)
				got := b.told(t)
				ids := map[string]bool{}
				for _, n := range got {
					ids[n.ID] = true
					if n.PaymentID != a.PaymentID {
						t.Errorf("notice %+v is of another payment than %s", n, a.PaymentID)
					}
				}
				if len(got) != test.notices || len(ids) != test.ids {
					t.Errorf("%d notices with %d ids, want %d with %d", len(got), len(ids),
						test.notices, test.ids)
				}
				if more := b.told(t); len(more) != 0 {
					t.Errorf("%d more", len(more))
				}
			})
		}
	})
}

func TestPump_OlderNoticeComesLater(t *testing.T) {
	b := sqlite(t)
	b.start(t, reorderCard)
	var types []string
	for range 12 {
		b.Clock.Advance(5 * time.Second)
		for _, got := range b.collect(t) {
			var body struct{ Type string }
			if err := json.Unmarshal(got.Body, &body); err != nil {
				t.Fatal(err)
			}
			types = append(types, body.Type)
		}
	}
	if got := strings.Join(types, " "); got != "payment.changed payment.authorised" {
		t.Errorf("order = %q", got)
	}
}

func TestPump_RetriesWhatTheDoorRefuses(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		b.start(t, lateCard)
		b.Clock.Advance(time.Minute)
		tries := 0
		refuse := func(context.Context, http.Header, []byte) error {
			tries++
			return errors.New("the door is shut")
		}
		pump := func() int {
			n, err := b.Pump(t.Context(), b.Clock.Now(), 10, refuse)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if pump() != 1 || pump() != 0 {
			t.Error("a refused notification is not held back")
		}
		b.Clock.Advance(6 * time.Second)
		if got := b.told(t); len(got) != 1 {
			t.Fatalf("%d notifications after the pause, want 1", len(got))
		}
		b.start(t, lateCard)
		tries = 0
		for range 200 {
			b.Clock.Advance(time.Hour)
			pump()
		}
		if tries != 12 {
			t.Errorf("%d tries before the network gives up, want 12", tries)
		}
	})
}

func TestPump_TwoProcessesShareTheWork(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		const payments = 40
		for range payments {
			b.start(t, lateCard)
		}
		b.Clock.Advance(time.Minute)
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					n, err := b.Pump(t.Context(), b.Clock.Now(), 7,
						func(_ context.Context, _ http.Header, body []byte) error {
							mu.Lock()
							defer mu.Unlock()
							seen[string(body)]++
							return nil
						})
					if err != nil {
						t.Error(err)
					}
					if n == 0 || err != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		for body, n := range seen {
			if n != 1 {
				t.Errorf("%s was sent %d times", body, n)
			}
		}
		if rest := len(b.told(t)); len(seen)+rest != payments {
			t.Errorf("%d sent, %d left, want %d in all", len(seen), rest, payments)
		}
	})
}

func TestPump_Behaviour(t *testing.T) {
	b := sqlite(t)
	one, _ := b.start(t, lateCard)
	b.Clock.Advance(time.Second)
	two, _ := b.start(t, lateCard)
	b.Clock.Advance(time.Minute)
	b.behave(t, pay.Behaviour{Reorder: true, Duplicate: true})
	var got []string
	for _, n := range b.told(t) {
		got = append(got, n.PaymentID)
	}
	want := []string{two.PaymentID, two.PaymentID, one.PaymentID, one.PaymentID}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("notices of %v, want %v", got, want)
	}
	b.behave(t, pay.Behaviour{DelayMillis: time.Hour.Milliseconds()})
	b.start(t, lateCard)
	b.behave(t, pay.Behaviour{})
	b.Clock.Advance(time.Minute)
	if got := b.told(t); len(got) != 0 {
		t.Errorf("%d delayed notices came at once", len(got))
	}
	b.Clock.Advance(time.Hour)
	if got := b.told(t); len(got) != 1 {
		t.Errorf("%d delayed notices came in the end, want 1", len(got))
	}
	b.start(t, lateCard)
	b.Clock.Advance(time.Minute)
	b.behave(t, pay.Behaviour{DropNotices: true})
	b.told(t)
	b.behave(t, pay.Behaviour{})
	if got := b.told(t); len(got) != 0 {
		t.Errorf("%d dropped notices came after all", len(got))
	}
}

func TestStart_NotifiesFirst(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		var early []pay.Notice
		replied := false
		b.Connect(func(ctx context.Context, header http.Header, body []byte) error {
			if replied {
				t.Error("the notification came after the reply")
			}
			n, err := b.Notify(ctx, header, body)
			early = append(early, n)
			// Whoever is told can ask, and gets the truth.
			if out := b.query(t, n.PaymentID); out.Kind != pay.OutcomePaid {
				t.Errorf("told of %+v", out)
			}
			return err
		})
		a, _ := b.start(t, firstCard)
		replied = true
		if len(early) != 1 || early[0].PaymentID != a.PaymentID {
			t.Fatalf("told %+v before the reply", early)
		}
		again := b.told(t)
		if len(again) != 1 || again[0] != early[0] {
			t.Errorf("afterwards told %+v, want the same notice once more", again)
		}
	})
}

func TestDecide_Notifies(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		a, _ := b.start(t, challengeCard)
		if got := b.told(t); len(got) != 0 {
			t.Errorf("told %+v before the payer did anything", got)
		}
		if err := b.Decide(t.Context(), b.Ref(a.PaymentID), pay.Approve); err != nil {
			t.Fatal(err)
		}
		if got := b.told(t); len(got) != 1 || got[0].PaymentID != a.PaymentID {
			t.Errorf("told %+v, want payment %s", got, a.PaymentID)
		}
	})
}

func TestDecide_Scenarios(t *testing.T) {
	tests := []struct {
		number   string
		decision pay.Decision
		kind     pay.OutcomeKind
		decline  pay.DeclineCode
	}{
		{"4000000000003220", pay.Approve, pay.OutcomePaid, ""},
		{"4000000000003220", pay.Reject, pay.OutcomeDeclined, pay.DeclineAuthentication},
		{"4000008400001629", pay.Approve, pay.OutcomeDeclined, pay.DeclineGeneric},
		{"4000008400001629", pay.Reject, pay.OutcomeDeclined, pay.DeclineAuthentication},
		{"4000000000003352", pay.Approve, pay.OutcomeDeclined, pay.DeclineAuthentication},
		{"4000000000003352", pay.Reject, pay.OutcomeDeclined, pay.DeclineAuthentication},
	}
	b := sqlite(t)
	for _, test := range tests {
		a, _ := b.start(t, test.number)
		if err := b.Decide(t.Context(), b.Ref(a.PaymentID), test.decision); err != nil {
			t.Fatal(err)
		}
		out := b.query(t, a.PaymentID)
		if out.Kind != test.kind || out.Decline != test.decline {
			t.Errorf("%s, %s: %+v", test.number, test.decision, out)
		}
	}
}

// The merchant's clock jumps; what the network planned in server time must come along, for this
// merchant and no other.
func TestAdvance(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		late, _ := b.start(t, lateCard)
		asked, challenge := b.start(t, challengeCard)
		other := b.attempt(lateCard)
		other.MerchantID = b.IDs.ID("mer", b.Clock.Now())
		if _, err := b.Start(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if err := b.Advance(t.Context(), b.Merchant, 15*time.Minute); err != nil {
			t.Fatal(err)
		}
		got := b.told(t)
		if len(got) != 2 || got[0].PaymentID != late.PaymentID ||
			got[1].PaymentID != asked.PaymentID {
			t.Errorf("told %+v, want payments %s and %s", got, late.PaymentID, asked.PaymentID)
		}
		token := challenge.ActionURL[strings.LastIndex(challenge.ActionURL, "/")+1:]
		if p, err := b.Prompt(t.Context(), token); err != nil || p.Open {
			t.Errorf("Prompt = %+v, %v; want a closed one", p, err)
		}
	})
}

func TestNew_RefusesToStartIncomplete(t *testing.T) {
	b := sqlite(t)
	whole := card.Config{
		DB: b.DB, Clock: b.Clock, IDs: b.IDs, Vault: b.Vault, BaseURL: "https://pay.example",
	}
	if _, err := card.New(whole); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*card.Config){
		"database": func(c *card.Config) { c.DB = nil },
		"clock":    func(c *card.Config) { c.Clock = nil },
		"ids":      func(c *card.Config) { c.IDs = nil },
		"vault":    func(c *card.Config) { c.Vault = nil },
		"no base":  func(c *card.Config) { c.BaseURL = "" },
		"slash":    func(c *card.Config) { c.BaseURL += "/" },
	} {
		c := whole
		spoil(&c)
		if _, err := card.New(c); err == nil {
			t.Errorf("%s: the network starts", name)
		}
	}
}

func TestNotify_OtherInstallation(t *testing.T) {
	b := sqlite(t)
	b.start(t, lateCard)
	b.Clock.Advance(time.Minute)
	got := b.collect(t)
	other := sqlite(t)
	other.Clock.Advance(time.Minute)
	if _, err := other.Notify(t.Context(), got[0].Header, got[0].Body); err != nil {
		t.Fatalf("the same key: %v", err)
	}
	other.Vault = otherVault(t)
	if _, err := other.open(t).Notify(t.Context(), got[0].Header, got[0].Body); err == nil {
		t.Error("a notification of another installation was taken")
	}
}

func otherVault(t testing.TB) *vault.Vault {
	t.Helper()
	v, err := vault.FromKey(bytes.Repeat([]byte{8}, vault.KeySize), ident.Random())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func BenchmarkStart(b *testing.B) {
	n := sqlite(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := n.Start(b.Context(), n.attempt(okCard)); err != nil {
				b.Error(err)
			}
		}
	})
}

func TestCapture_RecordsContradictions(t *testing.T) {
	engines(t, func(t *testing.T, b *bench) {
		a := b.attempt(okCard)
		a.Capture = pay.CaptureManual
		if _, err := b.Start(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		capture := func(minor int64) error {
			amount := a.Amount
			amount.Minor = minor
			_, err := b.Capture(t.Context(), pay.CaptureOrder{
				Ref: b.Ref(a.PaymentID), Number: 1, Amount: amount,
			})
			return err
		}
		if err := capture(a.Amount.Minor + 1); !errors.Is(err, simnet.ErrRefused) {
			t.Errorf("more than is held: %v", err)
		}
		if err := capture(100); err != nil {
			t.Fatal(err)
		}
		if err := capture(101); !errors.Is(err, simnet.ErrRefused) {
			t.Errorf("again with another amount: %v", err)
		}
		got, err := b.Incidents(t.Context(), b.Merchant)
		if err != nil || len(got) != 2 {
			t.Errorf("incidents = %q, %v", got, err)
		}
	})
}
