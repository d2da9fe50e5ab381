package pay

import (
	"context"
	"unicode/utf8"
)

// maxAlias is the longest id of a merchant's own, in characters.
const maxAlias = 128

// Alias is an id that a merchant chose for an object. Kind is the family's word for what it names;
// the same id may name one object of each kind.
type Alias struct {
	Kind string
	ID   string
}

// named are the aliases of an object that is being made.
type named struct {
	family   string
	objectID string
	aliases  []Alias
}

// name gives a new object the ids that its merchant chose, in the transaction that makes it.
func (s *Service) name(ctx context.Context, tx Tx, c Caller, n named) error {
	for _, a := range n.aliases {
		if a.ID == "" || utf8.RuneCountInString(a.ID) > maxAlias || hasControl(a.ID) {
			return BadParam(a.Kind, "parameter_invalid",
				"The id must have 1 to %d characters and no control characters.", maxAlias)
		}
		err := tx.InsertAlias(ctx, AliasKey{Scope: c.Scope, Family: n.family, Alias: a}, n.objectID)
		if IsKind(err, Conflict) {
			return &Error{
				Kind: Conflict, Code: "id_taken", Param: a.Kind, Err: err,
				Message: "The id " + printable(a.ID) + " is taken. Choose another one.",
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Resolve returns the id of the object of the kind that the caller's merchant calls so in the
// family.
func (s *Service) Resolve(
	ctx context.Context, c Caller, family, kind, id string,
) (objectID string, err error) {
	return s.store.Alias(ctx, AliasKey{Scope: c.Scope, Family: family, Alias: Alias{kind, id}})
}

// settleCustomer finds or makes the customer of a session that is being opened.
func (s *Service) settleCustomer(
	ctx context.Context, tx Tx, c Caller, newcomer *Customer, r OpenSession,
) (string, error) {
	if r.KnownAs != nil {
		return s.knownCustomer(ctx, tx, c, newcomer, r)
	}
	if newcomer == nil {
		return r.CustomerID, s.requireCustomer(ctx, tx, c, r.CustomerID)
	}
	return newcomer.ID, tx.InsertCustomer(ctx, *newcomer)
}

// knownCustomer returns the customer whom the merchant calls by an id of its own. If there is none,
// the newcomer becomes it. Of two that come at once one finds the other.
func (s *Service) knownCustomer(
	ctx context.Context, tx Tx, c Caller, newcomer *Customer, r OpenSession,
) (string, error) {
	key := AliasKey{Scope: c.Scope, Family: r.Family, Alias: *r.KnownAs}
	if newcomer != nil {
		err := s.name(ctx, tx, c, named{r.Family, newcomer.ID, []Alias{*r.KnownAs}})
		if err == nil {
			return newcomer.ID, tx.InsertCustomer(ctx, *newcomer)
		}
		if !IsKind(err, Conflict) {
			return "", err
		}
	}
	id, err := tx.Alias(ctx, key)
	if err != nil {
		return "", missing(err, r.KnownAs.Kind, "customer", r.KnownAs.ID)
	}
	return id, s.requireCustomer(ctx, tx, c, id)
}
