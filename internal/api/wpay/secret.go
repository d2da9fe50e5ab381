package wpay

import "net/http"

// secretDoc is what the signatures of a merchant's webhooks are made with, at all addresses.
type secretDoc struct {
	Secret string `json:"secret"`
}

// getWebhookSecret shows the secret as often as it is asked for: nobody registers an address here,
// so that there is no moment at which it could be shown once.
func (a *API) getWebhookSecret(c *call) error {
	return c.show(http.StatusOK, secretDoc{Secret: a.Pay.HookSecret(c.Caller, Family)})
}
