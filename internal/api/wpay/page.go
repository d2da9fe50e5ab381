package wpay

import (
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of how long a buyer waits for what is sent to the shop to be there first.
const (
	toldWithin = 5 * time.Second
	lookEvery  = 50 * time.Millisecond
	latest     = 50 // deliveries of one address that are looked at
)

// launch sends a buyer's browser to the page of the session, and notes that it came.
func (a *API) launch(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	id, key, _ := strings.Cut(q.Get("key"), ".")
	v, e, ok, err := a.page(r, id, key)
	if err != nil {
		return err
	}
	if !ok {
		return a.nowhere(w, r)
	}
	if e.LaunchedAt.IsZero() && e.ReturnedAt.IsZero() && !looksAhead(r) {
		_, err := a.Pay.Annotate(r.Context(), id, key, func(s pay.Session, now time.Time) []byte {
			e := echoOf(s.Family, s.Echo)
			if status, _ := e.status(&s, now); status != sessionCreated {
				return s.Echo
			}
			e.LaunchedAt = now
			return wire.Encode(e)
		})
		if err != nil {
			return err
		}
	}
	return leadTo(w, a.Pay.PageURL(v.Session.ID))
}

// comeBack sends a buyer's browser from the page back to the shop. What is sent to the shop goes
// first, for a while. A session that nobody paid is over with that.
func (a *API) comeBack(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("session")
	key := a.Pay.PageKey(id) // the id of this protocol, which nobody can guess, stands in for it
	v, e, ok, err := a.page(r, id, key)
	if err != nil {
		return err
	}
	if !ok {
		return a.nowhere(w, r)
	}
	if e.ReturnedAt.IsZero() && !looksAhead(r) {
		if err := a.leave(r, &v, key); err != nil {
			return err
		}
	}
	return leadTo(w, e.backTo())
}

// looksAhead reports whether a program follows a link that its buyer has not followed: to show what
// is there, or to have it at hand.
func looksAhead(r *http.Request) bool {
	return r.Method == http.MethodHead || strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch")
}

// leave ends the buyer's part of a session.
func (a *API) leave(r *http.Request, v *pay.PageView, key string) error {
	if err := a.told(r, v); err != nil {
		return err
	}
	if v.State == pay.SessionOpen {
		_, err := a.Pay.CancelSessionAsPayer(r.Context(), v.Session.ID, key)
		if err != nil && !pay.IsKind(err, pay.Conflict) && !pay.IsKind(err, pay.State) {
			return err
		}
	}
	_, err := a.Pay.Annotate(r.Context(), v.Session.ID, key,
		func(s pay.Session, now time.Time) []byte {
			e := echoOf(s.Family, s.Echo)
			status, _ := e.status(&s, now)
			if status != sessionCreated && status != sessionLaunched && s.State != pay.SessionCanceled {
				return s.Echo
			}
			e.ReturnedAt = now
			return wire.Encode(e)
		})
	return err
}

// page opens the session that a browser's address names; false when there is none.
func (a *API) page(r *http.Request, id, key string) (v pay.PageView, e echo, ok bool, err error) {
	v, err = a.Pay.Page(r.Context(), id, key)
	if pay.IsKind(err, pay.NotFound) {
		return v, e, false, nil
	}
	if err != nil {
		return v, e, false, err
	}
	e = echoOf(v.Session.Family, v.Session.Echo)
	named := []byte(r.URL.Query().Get("sessionId"))
	ok = e.SessionID != "" && subtle.ConstantTimeCompare(named, []byte(e.SessionID)) == 1
	return v, e, ok, nil
}

// nowhere leads to the page that says that there is none.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) error {
	return leadTo(w, a.BaseURL+"/checkout/"+url.PathEscape(r.URL.Query().Get("sessionId")))
}

func leadTo(w http.ResponseWriter, to string) error {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// told waits until every message about the session's objects was sent once, whatever its receiver
// answered, and no longer than a buyer should wait.
func (a *API) told(r *http.Request, v *pay.PageView) error {
	deadline := a.Now().Add(toldWithin)
	for {
		done, err := a.sent(r, v)
		if done || err != nil || !a.Now().Before(deadline) {
			return err
		}
		select {
		case <-a.After(lookEvery):
		case <-a.Stopping:
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

// sent reports whether nothing about the session's objects still waits for its first attempt.
func (a *API) sent(r *http.Request, v *pay.PageView) (bool, error) {
	hooks := slices.Collect(maps.Values(v.Session.Offer.Hooks))
	if v.Payment == nil {
		return true, nil
	}
	objects := []string{v.Payment.ID}
	if v.Session.MandateID != "" {
		objects = append(objects, v.Session.MandateID)
	}
	if v.Payment.Hook != "" && !slices.Contains(hooks, v.Payment.Hook) {
		hooks = append(hooks, v.Payment.Hook)
	}
	if len(hooks) == 0 {
		return true, nil
	}
	for _, id := range objects {
		events, _, err := a.Pay.Events(r.Context(), v.Caller, pay.EventFilter{
			Page: pay.Page{Limit: latest}, ObjectID: id,
		})
		if err != nil || slices.ContainsFunc(events, func(e pay.Event) bool { return !e.Sent }) {
			return false, err
		}
	}
	for _, hook := range hooks {
		some, _, err := a.Pay.Deliveries(r.Context(), v.Caller, hook, pay.Page{Limit: latest})
		if err != nil || slices.ContainsFunc(some, func(d pay.Delivery) bool {
			return d.ObjectID == v.Session.ID && untried(&d)
		}) {
			return false, err
		}
	}
	return true, nil
}

func untried(d *pay.Delivery) bool { return d.State == pay.DeliveryPending && d.Attempts == 0 }
