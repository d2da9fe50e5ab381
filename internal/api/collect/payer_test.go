package collect_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// payer is how somebody pays in a transcript.
type payer struct {
	Card     string        // number
	Phone    string        // of a wallet
	Transfer int64         // that is sent, in minor units
	Saved    string        // id of a saved method
	Save     bool          // ticks the box
	Decision pay.Decision  // on what is asked
	Next     pay.Rehearsal // what the next charge of a saved method becomes
	PayID    string        // of an account
	BSB      string        // of an account without one
	Account  string
}

func (p payer) payto() *pay.PaytoInput {
	return &pay.PaytoInput{PayID: p.PayID, BSB: p.BSB, Account: p.Account}
}

func (p payer) method() pay.MethodInput {
	switch {
	case p.Card != "":
		return pay.MethodInput{Type: pay.MethodCard, Card: paytest.CardOf(p.Card)}
	case p.Phone != "":
		return pay.MethodInput{
			Type: pay.MethodMobile, Mobile: &pay.MobileInput{Phone: p.Phone},
		}
	case p.PayID != "" || p.BSB != "":
		return pay.MethodInput{Type: pay.MethodPayTo, Payto: p.payto()}
	case p.Saved != "":
		return pay.MethodInput{SavedID: p.Saved}
	}
	return pay.MethodInput{Type: pay.MethodBank}
}

// mountPayer opens the doors of the payer: pay a session, answer what a payment asks, and decide
// about the next charge of a saved method.
func (h *house) mountPayer(mux *http.ServeMux) {
	door := func(pattern string, act func(r *http.Request, p payer) (pay.Payment, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var p payer
			if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			made, err := act(r, p)
			if err != nil {
				w.WriteHeader(http.StatusConflict)
				fmt.Fprintf(w, `{"error":%q}`, err)
				return
			}
			fmt.Fprintf(w, `{"payment":%q,"state":%q,"decline":%q}`, made.ID,
				cmp.Or(made.State, pay.PaymentCreated), made.DeclineCode)
		})
	}
	door("POST /payer/sessions/{id}", func(r *http.Request, p payer) (pay.Payment, error) {
		made, _, err := h.Pay.Pay(r.Context(), h.Shop, nil, pay.PayRequest{
			SessionID: r.PathValue("id"), Method: p.method(), Save: p.Save,
		})
		if err == nil && p.Transfer > 0 {
			return h.Pay.Deposit(r.Context(), h.Shop, made.ID, p.Transfer)
		}
		return made, err
	})
	door("POST /payer/payments/{id}", func(r *http.Request, p payer) (pay.Payment, error) {
		return h.Pay.Answer(r.Context(), h.Shop, r.PathValue("id"), p.Decision)
	})
	mux.HandleFunc("POST /payer/agreements/{id}/{do}", h.decideAgreement)
	mux.HandleFunc("POST /merchant/mandates/{id}/amend", h.amendMandate)
	door("POST /payer/methods/{id}", func(r *http.Request, p payer) (pay.Payment, error) {
		return pay.Payment{ID: "none"}, h.Pay.Rehearse(r.Context(), h.Shop, r.PathValue("id"), p.Next)
	})
}

// decideAgreement is the payer in the bank's app.
func (h *house) decideAgreement(w http.ResponseWriter, r *http.Request) {
	var p payer
	_ = json.NewDecoder(r.Body).Decode(&p) // most actions say all by their path
	d := pay.BankDecision{Do: pay.BankAction(r.PathValue("do"))}
	if d.Do == pay.BankMove {
		to, err := h.Pay.ResolvePayID(r.Context(), h.Shop, *p.payto())
		must(h.T, err)
		d.To = &to
	}
	g, err := h.Pay.DecideAgreement(r.Context(), h.Shop, r.PathValue("id"), d)
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, `{"error":%q}`, err)
		return
	}
	fmt.Fprintf(w, `{"agreement":%q,"state":%q}`, g.Token, g.State)
}

// amendMandate is the merchant, who proposes another largest charge through the native API.
func (h *house) amendMandate(w http.ResponseWriter, r *http.Request) {
	var in struct{ Max int64 }
	must(h.T, json.NewDecoder(r.Body).Decode(&in))
	m, _, err := h.Pay.AmendMandate(r.Context(), h.Shop, nil, r.PathValue("id"),
		pay.MandateChange{
			Amount: &terms.Amount{Max: in.Max}, Deadline: h.Pay.Now(h.Shop).Add(time.Hour),
		})
	must(h.T, err)
	fmt.Fprintf(w, `{"max":%d,"proposed":%d}`, m.Terms.Amount.Max, m.Proposal.Terms.Amount.Max)
}
