package webhook

import "github.com/kassa-pay/kassa/internal/pay"

// purposePayload separates the key that seals what waits to be sent. A document tells the addresses
// of pages with the keys that open them, and whoever reads the database is not to have those.
const purposePayload = "webhook payload"

func seal(v pay.Vault, body []byte) []byte { return v.Seal(purposePayload, body) }

// Unseal makes a parcel that comes from the store one that can be sent. When it cannot, the parcel
// has no body.
func Unseal(v pay.Vault, p *pay.Parcel) (err error) {
	p.Body, err = v.Open(purposePayload, p.Body)
	return err
}

// unseal is Unseal for all that was claimed. What cannot be read is told and is not sent.
func (s *Sender) unseal(parcels []pay.Parcel) {
	for i := range parcels {
		if err := Unseal(s.vault, &parcels[i]); err != nil {
			s.log.Error("webhook: what was to be sent cannot be read", "delivery", parcels[i].ID,
				"error", err.Error())
		}
	}
}
