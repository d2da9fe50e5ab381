package paytest

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Mira is a PayID whose owner is asked in the bank's app and whose payments settle.
const Mira = "mira@example.com"

// AUD returns an amount of Australian dollars, in cents.
func AUD(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "AUD"} }

// InAUD makes a request one for so many cents that are paid by agreement at the payer's bank.
func InAUD(minor int64) func(*pay.OpenSession) {
	return func(r *pay.OpenSession) {
		r.Amount, r.Currency, r.Methods = minor, "AUD", []string{pay.MethodPayTo}
	}
}

// TryPayTo pays a session by agreement with the owner of a PayID.
func (w *World) TryPayTo(sessionID, payID string) (pay.Payment, error) {
	p, _, err := w.Pay.Pay(context.Background(), w.Shop, nil, pay.PayRequest{
		SessionID: sessionID,
		Method: pay.MethodInput{
			Type: pay.MethodPayTo, Payto: &pay.PaytoInput{PayID: payID},
		},
	})
	return p, err
}

// PayTo is TryPayTo that must not fail.
func (w *World) PayTo(sessionID, payID string) pay.Payment {
	w.T.Helper()
	p, err := w.TryPayTo(sessionID, payID)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// AtBank does in the bank's app what the payer wants of an agreement. id is the agreement's own, or
// that of the mandate, the payment or the session that it was made for.
func (w *World) AtBank(id string, do pay.BankAction) pay.Agreement {
	w.T.Helper()
	a, err := w.Pay.DecideAgreement(context.Background(), w.Shop, id, pay.BankDecision{Do: do})
	if err != nil {
		w.T.Fatalf("%s at the bank: %v", do, err)
	}
	return a
}

// Method reads a saved method of the shop.
func (w *World) Method(id string) pay.SavedMethod {
	w.T.Helper()
	m, err := w.Pay.SavedMethod(context.Background(), w.Shop, id)
	if err != nil {
		w.T.Fatal(err)
	}
	return m
}

// ChargeAUD charges a mandate so many cents without its payer and has it settled.
func (w *World) ChargeAUD(mandateID string, minor int64) (pay.Payment, error) {
	w.T.Helper()
	p, _, err := w.Pay.Charge(context.Background(), w.Shop, nil, pay.ChargeRequest{
		Family: "checkout", Amount: AUD(minor), MandateID: mandateID,
	})
	if err != nil {
		return p, err
	}
	w.Advance(5 * time.Second)
	return w.Payment(p.ID), nil
}

// AtBankAlone is AtBank while we are not there: nobody of ours hears of it now.
func (w *World) AtBankAlone(token string, do pay.BankAction) {
	w.T.Helper()
	_, err := w.Payto.DecideAgreement(context.Background(), pay.AgreementRef{
		Scope: w.Shop.Scope, Token: token, Now: w.Pay.Now(w.Shop),
	}, pay.BankDecision{Do: do})
	if err != nil {
		w.T.Fatalf("%s at the bank: %v", do, err)
	}
}
