package checkout

import (
	"context"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// defaultCurrency is what an amount without a currency is in.
const defaultCurrency = "GHS"

// sessionInput is the body of a create. capture_method, save_payment_method and mandate are this
// API's own additions.
type sessionInput struct {
	Amount         int64              `json:"amount" wire:"required"`
	SuccessURL     string             `json:"success_url" wire:"required"`
	CancelURL      string             `json:"cancel_url" wire:"required"`
	Currency       *string            `json:"currency"`
	Customer       *string            `json:"customer"`
	CustomerEmail  *string            `json:"customer_email"`
	CustomerPhone  *string            `json:"customer_phone"`
	MethodTypes    *[]string          `json:"payment_method_types"`
	Metadata       *map[string]string `json:"metadata"`
	ExpiresAt      *string            `json:"expires_at"`
	CaptureMethod  *string            `json:"capture_method"`
	Save           *string            `json:"save_payment_method"`
	Mandate        *mandateInput      `json:"mandate"`
	IdempotencyKey *string            `json:"idempotency_key"`
}

func (in *sessionInput) key() *string { return in.IdempotencyKey }

func (in *sessionInput) tags() map[string]string { return wire.Value(in.Metadata) }

func (a *API) createSession(c *call) error {
	var in sessionInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	request, err := in.request(a.pay.Now(c.Caller))
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, a.newSession)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.OpenSession(c.r.Context(), c.Caller, o, request)
	return c.reply(reply, inOurWords(err))
}

func (in *sessionInput) request(now time.Time) (pay.OpenSession, error) {
	if err := in.addresses(); err != nil {
		return pay.OpenSession{}, err
	}
	expires, err := in.expiry()
	if err != nil {
		return pay.OpenSession{}, err
	}
	series, offer, err := in.offer(now)
	if err != nil {
		return pay.OpenSession{}, err
	}
	currency := defaultCurrency
	if in.Currency != nil {
		currency = *in.Currency
	}
	return pay.OpenSession{
		Family: Family, Amount: in.Amount, Currency: currency,
		Capture: pay.CaptureMode(wire.Value(in.CaptureMethod)), Methods: wire.Value(in.MethodTypes),
		CustomerID: wire.Value(in.Customer), CustomerEmail: wire.Value(in.CustomerEmail),
		CustomerPhone: wire.Value(in.CustomerPhone), SuccessURL: in.SuccessURL,
		CancelURL: in.CancelURL, Metadata: wire.Value(in.Metadata), ExpiresAt: expires,
		Series: series, Offer: offer,
	}, nil
}

// offer returns what the payer is asked for besides the payment.
func (in *sessionInput) offer(now time.Time) (pay.Series, pay.Offer, error) {
	series, offer := pay.SeriesNone, pay.Offer{}
	if in.Mandate != nil {
		var err error
		if offer, err = in.Mandate.offer(in.Amount, now); err != nil {
			return series, offer, err
		}
		series = pay.SeriesFirst
	}
	offer.Save = pay.SaveWish(wire.Value(in.Save))
	return series, offer, nil
}

// addresses refuses a session without the two addresses that this family documents as required: to
// the core the empty one is a wish for Kassa's own page.
func (in *sessionInput) addresses() error {
	for _, f := range []struct{ param, url string }{
		{"success_url", in.SuccessURL}, {"cancel_url", in.CancelURL},
	} {
		if f.url == "" {
			return pay.BadParam(f.param, codeMissing, "Missing required parameter: %s", f.param)
		}
	}
	return nil
}

// expiry reads expires_at; the zero time when there is none.
func (in *sessionInput) expiry() (time.Time, error) {
	if in.ExpiresAt == nil {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, *in.ExpiresAt)
	if err != nil || t.IsZero() {
		return t, pay.BadParam("expires_at", codeInvalid,
			"expires_at must be a time such as 2026-10-04T09:30:00Z.")
	}
	return t, nil
}

func (a *API) listSessions(c *call) error {
	q := wire.Query(c.r)
	f := pay.SessionFilter{
		Page: q.Page(), States: wire.Choice(q, "status", sessionWords),
		CustomerID: q.String("customer", maxID), PaymentID: q.String("payment", maxID),
	}
	if err := q.Err(); err != nil {
		return err
	}
	sessions, more, err := a.pay.Sessions(c.r.Context(), c.Caller, f)
	if err != nil {
		return err
	}
	views := make([]sessionView, len(sessions))
	for i, s := range sessions {
		if views[i], err = a.view(c.r.Context(), c.Caller, s); err != nil {
			return err
		}
	}
	return showList(c, views, more, a.enc.session)
}

func (a *API) getSession(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	v, err := a.sessionByID(c.r.Context(), c.Caller, id)
	return show(c, &v, err, a.enc.session)
}

func (a *API) sessionByID(ctx context.Context, c pay.Caller, id string) (sessionView, error) {
	s, err := a.pay.Session(ctx, c, id)
	if err != nil {
		return sessionView{}, err
	}
	return a.view(ctx, c, s)
}

func (a *API) expireSession(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, a.newSession)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.ExpireSession(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

// newSession encodes a session as its latest change left it. That change did not complete it.
func (a *API) newSession(buf []byte, s *pay.Session) []byte {
	return a.enc.session(buf, &sessionView{Session: *s, now: s.UpdatedAt})
}

// view adds what the document of a session says beyond the session. Only a complete session with
// manual capture needs a look at its payment.
func (a *API) view(ctx context.Context, c pay.Caller, s pay.Session) (sessionView, error) {
	v := sessionView{Session: s, now: a.pay.Now(c)}
	if s.Capture != pay.CaptureManual || s.State != pay.SessionComplete {
		return v, nil
	}
	p, err := a.pay.Payment(ctx, c, s.PaymentID)
	v.held = p.Captured == 0
	return v, err
}
