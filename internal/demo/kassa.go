package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 256 << 10

// kassa is the shop's way to Kassa: plain HTTP and a secret key.
type kassa struct {
	client    *http.Client
	api, key  string
	shop      string // the shop's own origin
	endpoints string // how the shop knows its own webhook endpoints again
}

// session is what the shop reads of a checkout session.
type session struct {
	ID            string
	URL           string
	Status        string
	PaymentStatus string `json:"payment_status"`
	Payment       string // "" while nobody has paid
}

// payment is what the shop reads of a payment.
type payment struct {
	ID, Status    string
	PaymentMethod string `json:"payment_method"`
	Provider      string
}

// endpoint is what the shop reads of a webhook endpoint.
type endpoint struct {
	ID, Description, Secret string
}

// object is a JSON object on its way to Kassa.
type object map[string]any

// openSession asks Kassa for a checkout session for an order. The order's id is the idempotency
// key: asking again, after a time-out or a double click, gives the same session.
func (k *kassa) openSession(ctx context.Context, o order) (s session, err error) {
	page := k.shop + ordersPath + o.ID
	err = k.call(ctx, request{"POST", "/v1/checkout/sessions", o.ID, object{
		"amount":      o.Product.Amount,
		"currency":    currency,
		"success_url": page + "?session_id={CHECKOUT_SESSION_ID}",
		"cancel_url":  page,
		"metadata":    object{"order_id": o.ID, "product": o.Product.Name},
	}}, &s)
	return s, err
}

// lookUp reads a session and its payment. The browser that came back proves nothing; this does.
func (k *kassa) lookUp(ctx context.Context, sessionID string) (s session, p payment, err error) {
	err = k.call(ctx, request{"GET", "/v1/checkout/sessions/" + sessionID, "", nil}, &s)
	if err == nil && s.Payment != "" {
		err = k.call(ctx, request{"GET", "/v1/payments/" + s.Payment, "", nil}, &p)
	}
	return s, p, err
}

// subscribe removes the endpoints of earlier runs, whose secrets are gone, and adds a new one.
func (k *kassa) subscribe(ctx context.Context) (e endpoint, err error) {
	var old struct{ Data []endpoint }
	err = k.call(ctx, request{"GET", "/v1/webhooks?limit=100", "", nil}, &old)
	for _, e := range old.Data {
		if err == nil && e.Description == k.endpoints {
			err = k.call(ctx, request{"DELETE", "/v1/webhooks/" + e.ID, "", nil}, nil)
		}
	}
	if err != nil {
		return e, err
	}
	err = k.call(ctx, request{"POST", "/v1/webhooks", "", object{
		"url":         k.shop + webhookPath,
		"events":      []string{"*"},
		"description": k.endpoints,
	}}, &e)
	return e, err
}

// request is one call of the API.
type request struct {
	method, path string
	idempotency  string // the key; "" for none
	body         object // nil for none
}

// call sends a request and reads the answer into out, unless that is nil.
func (k *kassa) call(ctx context.Context, q request, out any) error {
	var body bytes.Buffer
	if q.body != nil {
		if err := json.NewEncoder(&body).Encode(q.body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, q.method, k.api+q.path, &body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+k.key)
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.idempotency != "" {
		r.Header.Set("Idempotency-Key", q.idempotency)
	}
	res, err := k.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", q.method, q.path, res.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
