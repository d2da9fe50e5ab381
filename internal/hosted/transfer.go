package hosted

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// transfer is where the buyer sends money, and how much of it is still to come.
type transfer struct {
	Bank, AccountName, AccountNumber, Reference string

	Amount   string // as people read it
	Decimal  string // as bank forms take it
	QR       string // address of the picture that leads another device to this page
	Deadline string // RFC 3339, on the clock of the buyer's device
}

// copying is a button that copies one of the details.
type copying struct{ Label, Text, Value string }

// Copy returns the button that copies what is named so.
func (p *page) Copy(name, value string) (copying, error) {
	text, err := p.T("copy")
	return copying{Label: text + ": " + name, Text: text, Value: value}, err
}

// showTransfer tells what a transfer has brought and where the rest has to go.
func (p *page) showTransfer(m *pay.Payment) {
	sum := func(minor int64) string {
		return p.isolate(money.Amount{Minor: minor, Currency: m.Amount.Currency}.Format(p.Lang))
	}
	if m.Received > 0 {
		p.Received = sum(m.Received)
	}
	if m.Received < m.Amount.Minor {
		p.Missing = sum(m.Amount.Minor - m.Received)
	}
	if m.Received > m.Amount.Minor {
		p.Excess = sum(m.Received - m.Amount.Minor)
	}
	if m.Transfer == nil {
		return
	}
	rest := money.Amount{
		Minor: max(0, m.Amount.Minor-m.Received), Currency: m.Amount.Currency,
	}
	p.Transfer = &transfer{
		Bank: plain(m.Transfer.Bank), AccountName: plain(m.Transfer.AccountName),
		AccountNumber: plain(m.Transfer.AccountNumber), Reference: plain(m.Transfer.Reference),
		Amount: sum(rest.Minor), Decimal: rest.Decimal(),
	}
}

// limitTransfer says until when the money has to come. left is by the merchant's clock, which in
// test mode may run ahead of the one on the buyer's wall.
func (p *page) limitTransfer(left time.Duration, now time.Time) {
	p.Remaining, p.Unit = inWords(left)
	p.Transfer.Deadline = now.Add(left).UTC().Truncate(time.Second).Format(time.RFC3339)
}

// code answers with a picture of the page's own address, for a buyer who reads the details on one
// screen and pays on another.
func (p *Pages) code(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	own := checkoutWay(v.Session.ID, p.pay.PageKey(v.Session.ID))
	picture, err := qr.Encode(p.base+own.self(), qr.L)
	if err != nil {
		return err
	}
	body := draw(picture)
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write([]byte(body))
	return nil
}

// quiet is the white margin that readers need around a QR code, in modules; ISO/IEC 18004, 6.3.8.
const quiet = 4

// draw writes a QR code as one path of horizontal runs, always black on white: many readers do not
// know it the other way round.
func draw(c *qr.Code) string {
	var path strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			run := 0
			for x+run < c.Size && c.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	size := c.Size + 2*quiet
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `+
		`shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		size, size, size, size, path.String())
}
