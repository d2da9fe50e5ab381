package hosted

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

// The fields of the form of PayTo, and what its buttons say.
const (
	fieldKind      = "kind" // payid or account
	fieldPayID     = "payid"
	fieldBSB       = "bsb"
	fieldAccount   = "account"
	fieldConfirmed = "confirmed" // the account that was shown is the right one
	fieldChange    = "change"    // another account is to be typed
	fieldBank      = "bank"      // whose steps are shown
	fieldHelp      = "help"      // the panel for those who find nothing is open
)

// account is a bank account as the payer typed it, and, when it was found, as the network knows it.
type account struct {
	Kind, PayID, BSB, Number string

	Found   bool   // it is shown for confirmation
	Label   string // as its owner writes it
	Name    string // of its holder, where the network tells it
	Bank    string // that gave out the BSB
	Changed bool   // typed before, to be changed

	// Digits are how many were typed where there are too few or too many.
	Digits struct{ PayID, BSB, Number int }
}

// ByAccount reports whether the account is named by BSB and number.
func (a account) ByAccount() bool { return a.Kind == string(payid.Account) }

// asked reports whether the payer is asked about the account, and nothing was wrong with it.
func (a account) asked() bool { return a.Found || a.Changed }

// readPayto takes an account from a form and says what is wrong with it.
func readPayto(f fields) (*pay.PaytoInput, form) {
	shown := form{Method: pay.MethodPayTo, Account: account{
		Kind: f.text(fieldKind), PayID: f.text(fieldPayID), BSB: f.text(fieldBSB),
		Number: f.text(fieldAccount), Changed: f.text(fieldChange) != "",
	}}
	a := &shown.Account
	if !a.ByAccount() {
		a.Kind = string(payid.PayID)
		_, problem := payid.Parse(a.PayID)
		shown.addAccount(problem)
		return &pay.PaytoInput{PayID: a.PayID}, shown
	}
	in := &pay.PaytoInput{BSB: a.BSB, Account: a.Number}
	if _, problem := payid.ParseAccount(a.BSB, "1"); problem != nil {
		shown.addAccount(problem)
	}
	if _, problem := payid.ParseAccount(anyBSB, a.Number); problem != nil {
		shown.addAccount(problem)
	}
	return in, shown
}

// anyBSB stands for a good BSB while the number beside it is looked at, so that both are told at
// once.
const anyBSB = "062000"

// addAccount shows exactly what is wrong: the reason is the id of its message.
func (f *form) addAccount(problem *payid.Problem) {
	if problem == nil {
		return
	}
	typed := &f.Account.Digits
	switch problem.Field {
	case fieldPayID:
		typed.PayID = problem.Digits
	case fieldBSB:
		typed.BSB = problem.Digits
	case fieldAccount:
		typed.Number = problem.Digits
	}
	f.add(problem.Field, string(problem.Reason))
}

// findAccount shows whom the account belongs to, for the payer to confirm, before anything is
// asked of the bank.
func (p *Pages) findAccount(
	w http.ResponseWriter, r *http.Request, v *pay.PageView, in attempted,
) error {
	a := &in.shown.Account
	if a.Changed {
		return p.again(w, r, v, in.shown)
	}
	if wait, ok := p.brake.allowLookup(household(p.clientIP(r)), v.Session.ID); !ok {
		return p.tooMany(w, r, wait)
	}
	found, err := p.pay.ResolvePayID(r.Context(), v.Caller, *in.method.Payto)
	if err != nil {
		if in.shown.addError(err) {
			return p.again(w, r, v, in.shown)
		}
		if !networkDown(err) {
			return err
		}
		in.shown.add(fieldOf(a), downText(a))
		return p.again(w, r, v, in.shown)
	}
	a.Found, a.Label, a.Name = true, found.ID().Label(), plain(found.Name)
	if b := bankOf(found.BSB); b != nil {
		a.Bank = b.Name
	}
	return p.again(w, r, v, in.shown)
}

// fieldOf is the field that a problem with the account as a whole is shown at.
func fieldOf(a *account) string {
	if a.ByAccount() {
		return fieldBSB
	}
	return fieldPayID
}

func downText(a *account) string {
	if a.ByAccount() {
		return "payto_down"
	}
	return "payid_down"
}

// networkDown reports whether nobody could say whose account it is.
func networkDown(err error) bool {
	var e *pay.Error
	return errors.As(err, &e) && e.Kind == pay.Unavailable
}

// prefillPayto begins with the account that was tried last.
func (p *page) prefillPayto(v *pay.PageView) {
	p.Form.Account.Kind = string(payid.PayID)
	if v.Payment == nil || v.Payment.Payto == nil {
		return
	}
	last := v.Payment.Payto.ID()
	p.Form.Account.Kind = string(last.Kind)
	if last.Kind == payid.Account {
		p.Form.Account.BSB, p.Form.Account.Number = bsbLabel(last.BSB), last.Account
		return
	}
	p.Form.Account.PayID = last.Label()
}

// bsbLabel writes a BSB as it stands on a statement: 062-000.
func bsbLabel(bsb string) string {
	const half = 3
	if len(bsb) != 2*half {
		return bsb
	}
	return bsb[:half] + "-" + bsb[half:]
}

// payto is what a page tells of an agreement at the payer's bank.
type payto struct {
	Name     string // of its holder; "" when the network does not say
	Bank     *bank  // nil when it is not known
	Guessed  bool   // the bank was told by the BSB
	Approved bool   // the payer has permitted the payment
	QR       string // address of the picture that leads another device to this page
	Deadline string // RFC 3339, on the clock of the payer's device
}

// whole keeps an account on one line: with spaces and hyphens at which no line ends.
var whole = strings.NewReplacer(" ", "\u00a0", "-", "\u2011")

// showPayto tells from which account the payment is taken.
func (p *page) showPayto(m *pay.Payment) {
	id := m.Payto.ID()
	p.Payto = &payto{
		Name:     p.isolate(plain(m.Payto.Name)),
		Approved: m.State == pay.PaymentWaiting && m.Action != pay.ActionApprove,
	}
	p.Account = p.isolate(whole.Replace(id.Masked()))
	p.NetworkCode = m.NetworkCode
	if b := bankOf(id.BSB); b != nil {
		p.useBank(b)
		p.Payto.Guessed = true
	}
}

// useBank shows the steps of a bank.
func (p *page) useBank(b *bank) {
	p.Payto.Bank, p.Payto.Guessed = b, false
	p.BankName, p.BankApp, p.BankWeb = b.Name, b.App, b.Web
}

// askBank fills in what the page says while the payer's bank asks.
func (p *Pages) askBank(pg *page, r *http.Request, v *pay.PageView) {
	if b := bankNamed(r.URL.Query().Get(fieldBank)); b != nil {
		pg.useBank(b)
	}
	pg.Payto.QR = pg.way.step("qr.svg")
	left := v.Session.ExpiresAt.Sub(v.Now)
	pg.Remaining, pg.Unit = inWords(left)
	pg.Payto.Deadline = p.now().Add(left).UTC().Truncate(time.Second).Format(time.RFC3339)
}

// AtBank reports whether the form tells the terms of an agreement that is no mandate: they depend
// on whether the account is to be kept, so they are told when that is known.
func (p *page) AtBank() bool {
	asks := p.Form.Method == pay.MethodPayTo && !p.First
	return asks && (p.Form.Account.Found || p.SaveLabel == "")
}

// KeptAtBank reports whether the agreement is to stay for later payments.
func (p *page) KeptAtBank() bool { return p.Keeps || p.Form.Save }

// sydney is where the dates of the network are meant.
var sydney = (&terms.Terms{Zone: "Australia/Sydney"}).Location()

// Until is when an agreement is withdrawn that nobody has answered.
func (p *page) Until() (moment, error) { return p.instant(p.expires.In(sydney)) }

// ownVerify are the messages about a verification that speak of a card, and of an account when the
// method is PayTo.
var ownVerify = []string{
	"declined_heading_verify", "waiting_heading_verify", "paid_heading_verify", "paid_text_verify",
	"receipt_text_verify", "canceled_heading_verify",
}

// Banks are the banks to choose from.
func (p *page) Banks() []bank { return banks }

// ChosenBank is the code of the bank whose steps are shown.
func (p *page) ChosenBank() string {
	if p.Payto == nil || p.Payto.Bank == nil {
		return ""
	}
	return p.Payto.Bank.Code
}
