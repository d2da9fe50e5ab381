package checkout

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

func held(account pay.Account, minor int64, currency string) pay.AccountBalance {
	return pay.AccountBalance{
		Account: account, Amount: money.Amount{Minor: minor, Currency: currency},
	}
}

func TestBalance_Document(t *testing.T) {
	all := balances([]pay.AccountBalance{
		held(pay.AccountNetwork, -111, "USD"), held(pay.AccountMerchant, 1, "USD"),
		held(pay.AccountLate, 10, "USD"), held(pay.AccountRefunds, 100, "USD"),
		held(pay.AccountNetwork, -7, "GHS"), held(pay.AccountUnsettled, 7, "GHS"),
	})
	want := `{"object":"balance",` +
		`"available":[{"amount":0,"currency":"GHS"},{"amount":1,"currency":"USD"}],` +
		`"pending":[{"amount":7,"currency":"GHS"},{"amount":0,"currency":"USD"}],` +
		`"reserved":[{"amount":0,"currency":"GHS"},{"amount":110,"currency":"USD"}]}`
	if got := string(appendBalance(nil, &all)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTransactions_ShowWhatIsAvailable holds that every type of entry that can move the merchant's
// account is listed, with its sign, and that nothing else is.
func TestTransactions_ShowWhatIsAvailable(t *testing.T) {
	merchant, late := pay.AccountMerchant, pay.AccountLate
	for _, c := range []struct {
		entry pay.Entry
		want  int64
	}{
		{pay.Entry{Type: pay.EntryPayment, From: pay.AccountNetwork, To: merchant}, 5},
		{pay.Entry{Type: pay.EntrySettlement, From: pay.AccountUnsettled, To: merchant}, 5},
		{pay.Entry{Type: pay.EntryRefund, From: merchant, To: pay.AccountRefunds}, -5},
		{pay.Entry{Type: pay.EntryRefundFailure, From: pay.AccountRefunds, To: merchant}, 5},
		{pay.Entry{Type: pay.EntryTransfer, From: pay.AccountNetwork, To: pay.AccountUnsettled}, 0},
		{pay.Entry{Type: pay.EntryLate, From: pay.AccountNetwork, To: late}, 0},
		{pay.Entry{Type: pay.EntryRefund, From: late, To: pay.AccountRefunds}, 0},
		{pay.Entry{Type: pay.EntryRefundFailure, From: pay.AccountRefunds, To: late}, 0},
		{pay.Entry{Type: pay.EntryRefundPaid, From: pay.AccountRefunds, To: pay.AccountNetwork}, 0},
	} {
		c.entry.Amount.Minor = 5
		if got := signed(&c.entry); got != c.want {
			t.Errorf("%s from %s to %s: got %d, want %d", c.entry.Type, c.entry.From, c.entry.To,
				got, c.want)
		}
	}
}
