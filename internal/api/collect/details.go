package collect

import (
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
)

// detailsDoc tells with what was paid: the type names the one member that is there.
type detailsDoc struct {
	Type        string       `json:"type"`
	Card        *cardDoc     `json:"card,omitempty"`
	MTN         *walletDoc   `json:"mtn_momo,omitempty"`
	MobileMoney *walletDoc   `json:"mobile_money,omitempty"`
	Transfer    *transferDoc `json:"bank_transfer,omitempty"`
	PayTo       *paytoDoc    `json:"payto,omitempty"`
}

// cardDoc has the documented members. Whether a card is a credit or a debit card is not known, and
// of its number nothing but the last four digits is kept.
type cardDoc struct {
	Type     *string `json:"type"`
	Scheme   string  `json:"scheme"`
	BIN      *string `json:"bin"`
	Last4    string  `json:"last4"`
	ExpMonth int64   `json:"exp_month"`
	ExpYear  int64   `json:"exp_year"`
}

type walletDoc struct {
	Provider string `json:"provider"`
	Phone    string `json:"phone"` // masked
}

type transferDoc struct {
	Bank          string `json:"bank"`
	AccountNumber string `json:"account_number"`
	Reference     string `json:"reference"`
}

// paytoDoc is an account that is drawn on by agreement.
type paytoDoc struct {
	Type      payid.Kind `json:"type"`
	PayIDType payid.Type `json:"payid_type,omitempty"`
	Label     string     `json:"label"` // masked
	Name      *string    `json:"name"`  // of its holder, as far as the network says
}

// The types of details.
const (
	detailsCard     = "card"
	detailsMTN      = "mtn_momo"
	detailsMobile   = "mobile_money"
	detailsTransfer = "bank_transfer"
	detailsPayTo    = "payto"
)

// providerMTN is the network with a type of its own.
const providerMTN = "mtn"

// paidWith is what may be shown of the way in which something is paid.
type paidWith struct {
	card     *pay.CardSummary
	mobile   *pay.Mobile
	transfer *pay.Transfer
	payto    *pay.Payto
}

// details returns null while it is not known with what is paid.
func (w paidWith) details() *detailsDoc {
	switch card, transfer := w.card, w.transfer; {
	case card != nil:
		return &detailsDoc{Type: detailsCard, Card: &cardDoc{
			Scheme: strings.ToUpper(card.Brand), Last4: card.Last4, ExpMonth: card.ExpMonth,
			ExpYear: card.ExpYear,
		}}
	case w.mobile != nil:
		return wallet(w.mobile)
	case w.payto != nil:
		return &detailsDoc{Type: detailsPayTo, PayTo: &paytoDoc{
			Type: w.payto.Kind, PayIDType: w.payto.PayIDType, Label: w.payto.ID().Masked(),
			Name: maybe(w.payto.Name),
		}}
	case transfer != nil:
		return &detailsDoc{Type: detailsTransfer, Transfer: &transferDoc{
			Bank: transfer.Bank, AccountNumber: transfer.AccountNumber, Reference: transfer.Reference,
		}}
	}
	return nil
}

func wallet(m *pay.Mobile) *detailsDoc {
	w := &walletDoc{Provider: m.Provider, Phone: wire.MaskPhone(m.Phone)}
	if m.Provider == providerMTN {
		return &detailsDoc{Type: detailsMTN, MTN: w}
	}
	return &detailsDoc{Type: detailsMobile, MobileMoney: w}
}
