package demo

import (
	"encoding/json"
	"io"
	"net/http"
)

// maxWebhook is how many bytes a webhook may have.
const maxWebhook = 256 << 10

// event is what the shop reads of a webhook.
type event struct {
	ID, Type string
	Data     struct {
		Object struct {
			ID            string
			PaymentStatus string `json:"payment_status"`
			Metadata      struct {
				OrderID string `json:"order_id"`
			}
		}
	}
}

// webhook verifies what Kassa sends, both ways, and writes it down. What does not fit is refused,
// and shown with its order if it names one, for that is what a developer comes to see.
func (s *Shop) webhook(w http.ResponseWriter, r *http.Request) {
	s.shield.Strict(w)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		http.Error(w, "the webhook is too long", http.StatusRequestEntityTooLarge)
		return
	}
	s.mu.Lock()
	secret := s.secret
	s.mu.Unlock()
	var e event
	if json.Unmarshal(body, &e) != nil || secret == "" {
		http.Error(w, "this is not a webhook of ours", http.StatusBadRequest)
		return
	}
	n := news{
		EventID: e.ID, Type: e.Type, At: s.now().UTC(),
		PayGate:  verifyPayGate(r.Header, body, secret, s.now()),
		Standard: verifyStandard(r.Header, body, secret, s.now()),
	}
	genuine := n.PayGate && n.Standard
	object := &e.Data.Object
	paid := genuine && e.Type == "checkout.session.completed" && object.PaymentStatus == "paid"
	s.orders.tell(object.Metadata.OrderID, n, paid)
	if !genuine {
		http.Error(w, "the signature does not fit", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
