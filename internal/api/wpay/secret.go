package wpay

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// secretDoc is what the signatures of a merchant's webhooks are made with, at all addresses.
type secretDoc struct {
	Secret string `json:"secret"`
}

// getWebhookSecret shows the secret as often as it is asked for: nobody registers an address here,
// so that there is no moment at which it could be shown once.
func (a *API) getWebhookSecret(c *call) error {
	secret, err := a.Pay.HookSecret(c.r.Context(), c.Caller, Family)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, secretDoc{Secret: secret})
}

// rotateWebhookSecret makes a new secret, once for each request: whoever repeats it because the
// answer was lost must not be left with a secret that neither signs.
func (a *API) rotateWebhookSecret(c *call) error {
	var in struct{}
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	o := once(c, pay.Alias{Kind: "rotate webhook-secret"}, &in,
		func(e *pay.EndpointSecret) any { return secretDoc{Secret: e.Plain} })
	_, reply, err := a.Pay.RotateHookSecret(c.r.Context(), c.Caller, o, Family)
	if err != nil {
		return taken(err, requestHeaders[0], nil)
	}
	return c.reply(reply)
}
