package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/demo"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/sim"
)

// The fixed credentials of a development server. Everybody knows them, which is why --dev listens
// on loopback addresses alone.
const (
	DemoMerchant       = "demo"
	DemoSecretKey      = "sk_test_demo"
	DemoPublishableKey = "pk_test_demo"
	DemoWpayMerchant   = "11111111-1111-4111-8111-111111111111"
	demoName           = "Demo Shop"
)

// wpayMerchants gives the demo merchant the id that everybody knows, in the protocol whose
// merchants are UUIDs.
func wpayMerchants(c config.Config) map[string]string {
	if !c.Dev {
		return nil
	}
	return map[string]string{DemoMerchant: DemoWpayMerchant}
}

// demoScope is what the demo merchant's test keys see.
var demoScope = pay.Scope{MerchantID: DemoMerchant, Mode: pay.Test}

// seed makes the demo merchant and its keys, if they are not there yet. Late money is held, so that
// a developer can look at it.
func seed(ctx context.Context, s *pay.Service) error {
	_, err := s.CreateMerchant(ctx, pay.NewMerchant{
		ID: DemoMerchant, Name: demoName, LateMoney: pay.HoldLate,
	})
	if err != nil && !pay.IsKind(err, pay.Conflict) {
		return fmt.Errorf("demo merchant: %w", err)
	}
	for _, k := range []pay.NewKey{
		{Scope: demoScope, Kind: pay.SecretKey, Name: "demo", Plain: DemoSecretKey},
		{Scope: demoScope, Kind: pay.PublishableKey, Name: "demo", Plain: DemoPublishableKey},
	} {
		if _, _, err := s.CreateKey(ctx, k); err != nil && !pay.IsKind(err, pay.Conflict) {
			return fmt.Errorf("demo key: %w", err)
		}
	}
	return nil
}

// counter builds the other side of the counter. In development everybody who reaches the server may
// play the demo merchant's payers.
func (s *Server) counter(c config.Config) *sim.Pages {
	d := sim.Deps{Pay: s.Pay, BaseURL: c.BaseURL, Log: s.log}
	if c.Dev {
		d.Demo = &sim.Demo{Control: s.Pay, Scope: demoScope, Merchant: demoName}
	}
	return sim.New(d)
}

// Limits of the demo shop's calls to us.
const (
	shopPatience    = 15 * time.Second
	shopConnections = 8
)

// shop builds the demo shop of development. It reaches Kassa as any merchant does, by HTTP.
func (s *Server) shop(c config.Config) *demo.Shop {
	client := &http.Client{
		Timeout:   shopPatience,
		Transport: &http.Transport{MaxIdleConns: shopConnections, IdleConnTimeout: time.Minute},
	}
	return demo.New(demo.Deps{
		Client: client, BaseURL: c.BaseURL, Key: DemoSecretKey, Name: demoName,
		IDs: s.IDs, Now: time.Now, Log: s.log,
	})
}

// greet tells the person who started the server how to go on.
func greet(out io.Writer, c config.Config, addr net.Addr) {
	if !c.Dev {
		fmt.Fprintf(out, "kassa is ready on %s, pages at %s\n", addr, c.BaseURL)
		return
	}
	fmt.Fprintf(out, `kassa is ready on %[1]s

  secret key        %[2]s
  publishable key   %[3]s
  Wpay merchant     %[5]s
  data              %[4]s

  a shop to buy in  %[1]s/demo
  its payers        %[1]s/sim
  the API           %[1]s/docs

Or create a session, then open its "url" in a browser and pay with 4242 4242 4242 4242:

  curl %[1]s/v1/checkout/sessions \
    -H "Authorization: Bearer %[2]s" \
    -H "Content-Type: application/json" \
    -d '{"amount": 5000,
         "success_url": "https://example.com/done", "cancel_url": "https://example.com/"}'

`, c.BaseURL, DemoSecretKey, DemoPublishableKey, dataName(c),
		DemoWpayMerchant)
}

func dataName(c config.Config) string {
	if c.Database != "" {
		return "PostgreSQL"
	}
	return c.Data
}

// welcome is what the root of the server says to a person who happens to open it.
func welcome(c config.Config) string {
	text := "This is Kassa, a checkout server.\n\nThe API is at /v1, described at /docs; " +
		"buyers come to /checkout/...\n"
	if c.Dev {
		text += "\nDevelopment mode: authenticate with Authorization: Bearer " + DemoSecretKey + "\n" +
			"A shop to buy in is at /demo; be its payers, their bank and the networks at /sim.\n"
	}
	return text
}
