package demo

import (
	"context"
	"net/http"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/site"
)

// home shows the shelf.
func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	v := view{
		status: http.StatusOK, template: "shop", Title: "Three good things", Home: true,
		Orders: s.orders.latest(lastOrders), Steps: s.shopSteps,
	}
	for _, p := range shelf {
		v.Shelf = append(v.Shelf, offer{
			product: p, Image: s.assets.Link(p.Picture).URL, Order: s.ids.ID(orderPrefix, s.now()),
		})
	}
	s.render(w, r, v)
}

// buy makes an order, opens its session and sends the buyer to the checkout.
func (s *Shop) buy(w http.ResponseWriter, r *http.Request) {
	if !s.shield.Ours(r) {
		s.message(w, r, http.StatusForbidden, foreign)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	p, ok := find(r.PostFormValue("product"))
	id := r.PostFormValue("order")
	if !ok || !ident.Valid(orderPrefix, id) {
		s.message(w, r, http.StatusBadRequest, soldOut)
		return
	}
	o, err := s.take(r.Context(), id, p)
	if err != nil {
		s.log.ErrorContext(r.Context(), "demo shop", "error", err)
		s.message(w, r, http.StatusBadGateway, broken)
		return
	}
	s.shield.Strict(w)
	http.Redirect(w, r, o.URL, http.StatusSeeOther)
}

// take returns the order of the id with a session, an existing one or a new one. A form that is
// sent again after its order was paid, from the browser's history, buys again.
func (s *Shop) take(ctx context.Context, id string, p product) (order, error) {
	known, ok := s.orders.get(id)
	if ok && !known.Shipped && known.Product == p {
		return known, nil
	}
	o := order{ID: id, Product: p, At: s.now()}
	if ok {
		o.ID = s.ids.ID(orderPrefix, o.At)
	}
	if err := s.listen(ctx); err != nil {
		return o, err
	}
	opened, err := s.kassa.openSession(ctx, o)
	if err != nil {
		return o, err
	}
	o.SessionID, o.URL = opened.ID, opened.URL
	s.orders.add(o)
	return o, nil
}

// listen registers the shop's webhook endpoint on first use.
func (s *Shop) listen(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secret != "" {
		return nil
	}
	e, err := s.kassa.subscribe(ctx)
	s.secret = e.Secret
	return err
}

// orderView is an order as its page shows it.
type orderView struct {
	order
	Image   string
	Session session
	Payment payment
	Version string `json:"-"`
}

// State is how the order stands, for the page: paid, open or over.
func (o *orderView) State() string {
	switch {
	case o.Session.PaymentStatus == "paid":
		return "paid"
	case o.Session.Status == "open":
		return "open"
	case o.Session.Status == "complete":
		return "held"
	}
	return "over"
}

// order shows one order. What the browser's address says of the payment is not even read.
func (s *Shop) order(w http.ResponseWriter, r *http.Request) {
	o, ok := s.orders.get(r.PathValue("id"))
	if !ok {
		s.message(w, r, http.StatusNotFound, unknown)
		return
	}
	v := orderView{order: o, Image: s.assets.Link(o.Product.Picture).URL}
	var err error
	if v.Session, v.Payment, err = s.kassa.lookUp(r.Context(), o.SessionID); err != nil {
		s.log.ErrorContext(r.Context(), "demo shop", "error", err)
		s.message(w, r, http.StatusBadGateway, broken)
		return
	}
	v.Version = site.Version(v)
	have := r.URL.Query().Get("have")
	if have == v.Version {
		s.shield.Scripted(w)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	page := view{status: http.StatusOK, template: "order", Title: "Your order", Order: &v}
	if have == "" { // the script, which asks with the version it has, takes the order alone
		page.Steps = s.orderSteps
	}
	s.render(w, r, page)
}
