package pay

import (
	"context"
	"encoding/base64"
	"time"
)

// purposeHook separates the key that makes the signing secrets of hooks.
const purposeHook = "hook secret"

// Hook is an address that gets the events of one kind of object that a request makes. There is one
// endpoint for each address, however many objects name it.
type Hook struct {
	Kind ObjectKind // ObjectSession, ObjectPayment or ObjectMandate
	URL  string
}

// HookSecret returns what the hooks of a family are signed with. The first one is computed, so that
// there is something to show to the merchant although nobody registers a hook.
func (s *Service) HookSecret(ctx context.Context, c Caller, family string) (string, error) {
	signer, err := s.store.HookSigner(ctx, c.Scope, family)
	if IsKind(err, NotFound) {
		return s.firstHookSecret(c, family), nil
	}
	if err != nil {
		return "", err
	}
	plain, err := s.vault.Open(PurposeEndpointSecret, signer.Secret)
	return string(plain), err
}

func (s *Service) firstHookSecret(c Caller, family string) string {
	sum := s.vault.MAC(purposeHook, c.MerchantID+" "+string(c.Mode)+" "+family)
	return "whsec_" + base64.StdEncoding.EncodeToString(sum)
}

// RotateHookSecret gives all hooks of a family, those of today and of tomorrow, a new signing
// secret. For SecretOverlap deliveries are signed with both. It is kept by a hook without an
// address, which nothing is sent to.
func (s *Service) RotateHookSecret(
	ctx context.Context, c Caller, o *Once[EndpointSecret], family string,
) (EndpointSecret, Reply, error) {
	plain, sealed := s.newSecret()
	return atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (EndpointSecret, string, error) {
			e, err := tx.EnsureHook(ctx, s.newHook(c, family, ""))
			if err == nil {
				e, err = tx.LockEndpoint(ctx, e.ID)
			}
			if err != nil {
				return EndpointSecret{}, "", err
			}
			s.rotate(&e, sealed)
			e.UpdatedAt = s.Now(c)
			e.Version++
			return EndpointSecret{e, plain}, e.ID, tx.SwapEndpoint(ctx, e)
		})
}

// newHook describes the hook of an address.
func (s *Service) newHook(c Caller, family, url string) Endpoint {
	now := s.Now(c)
	return Endpoint{
		ID: s.ids.ID("we", now), MerchantID: c.MerchantID, Mode: c.Mode, Family: family, URL: url,
		Events: []string{"*"}, Enabled: true, Hook: true, Version: 1, CreatedAt: now, UpdatedAt: now,
		Secret: s.vault.Seal(PurposeEndpointSecret, []byte(s.firstHookSecret(c, family))),
	}
}

// attachHooks makes the endpoints of a new session's hooks.
func (s *Service) attachHooks(
	ctx context.Context, tx Tx, c Caller, hooks []Hook, ses *Session,
) error {
	ses.Offer.Hooks = nil
	for _, h := range hooks {
		id, err := s.hookFor(ctx, tx, c, ses.Family, h.URL)
		if err != nil {
			return err
		}
		if ses.Offer.Hooks == nil {
			ses.Offer.Hooks = map[ObjectKind]string{}
		}
		ses.Offer.Hooks[h.Kind] = id
	}
	return nil
}

// hookFor returns the id of the endpoint of an address; "" for none. One that was disabled is given
// another chance: somebody has just asked for it.
func (s *Service) hookFor(
	ctx context.Context, tx Tx, c Caller, family, url string,
) (string, error) {
	if url == "" {
		return "", nil
	}
	e, err := tx.EnsureHook(ctx, s.newHook(c, family, url))
	if err != nil || e.Enabled {
		return e.ID, err
	}
	e.Enabled, e.DisabledReason, e.UpdatedAt = true, "", s.Now(c)
	e.FailingSince = time.Time{}
	e.Version++
	return e.ID, tx.SwapEndpoint(ctx, e)
}
