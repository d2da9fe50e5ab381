package pay

import (
	"context"
	"crypto/hmac"
	"net/url"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
)

// purposeMandate separates the key that makes the keys of mandates' pages.
const purposeMandate = "mandate page key"

// shownCharges is how many charges the page of a mandate shows.
const shownCharges = 10

// MandatePage is all that the payer's page of a mandate shows.
type MandatePage struct {
	Mandate  Mandate
	Method   SavedMethod
	Merchant Merchant
	Charges  []Payment // newest first, at most ten
	Caller   Caller
	Now      time.Time
}

// mandateKey returns the secret that opens the mandate's page. It is computed, never stored.
func (s *Service) mandateKey(id string) string {
	return hexString(s.vault.MAC(purposeMandate, id))
}

// MandateURL returns the address, with its key, of the page on which the payer sees and cancels the
// mandate.
func (s *Service) MandateURL(id string) string {
	return s.base + "/mandates/" + id + "?key=" + url.QueryEscape(s.mandateKey(id))
}

var errNoPage = Errorf(NotFound, "resource_missing", "No such page.")

func (s *Service) mandateKeyValid(id, key string) bool {
	return ident.Valid("mdt", id) && hmac.Equal([]byte(s.mandateKey(id)), []byte(key))
}

// MandatePage returns what the payer's page of the mandate shows. A wrong key and an unknown
// mandate are the same NotFound.
func (s *Service) MandatePage(ctx context.Context, id, key string) (MandatePage, error) {
	if !s.mandateKeyValid(id, key) {
		return MandatePage{}, errNoPage
	}
	var v MandatePage
	var err error
	if v.Mandate, err = s.store.MandateByID(ctx, id); err != nil {
		return MandatePage{}, err
	}
	sc := v.Mandate.Scope()
	if v.Merchant, err = s.store.Merchant(ctx, sc.MerchantID); err != nil {
		return MandatePage{}, err
	}
	if v.Method, err = s.store.SavedMethod(ctx, sc, v.Mandate.MethodID); err != nil {
		return MandatePage{}, err
	}
	v.Caller = callerOf(sc, v.Merchant)
	v.Now = s.Now(v.Caller)
	v.Charges, err = s.store.Payments(ctx, sc, PaymentFilter{
		Page: Page{Limit: shownCharges}, MandateID: id,
	})
	return v, err
}

// CancelMandateAsPayer ends a mandate for whoever has its link.
func (s *Service) CancelMandateAsPayer(ctx context.Context, id, key string) (Mandate, error) {
	if !s.mandateKeyValid(id, key) {
		return Mandate{}, errNoPage
	}
	m, err := s.store.MandateByID(ctx, id)
	if err != nil {
		return m, err
	}
	c, err := s.CallerFor(ctx, m.Scope())
	if err != nil {
		return m, err
	}
	m, _, err = s.end(ctx, c, nil, id, ByPayer)
	return m, err
}
