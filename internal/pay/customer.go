package pay

import (
	"context"
	"unicode/utf8"
)

// CustomerPatch changes the fields that are not nil.
type CustomerPatch struct {
	Email, Name, Phone *string
	Metadata           *map[string]string
}

// CreateCustomer adds a customer; the id and the times of cu are made here.
func (s *Service) CreateCustomer(
	ctx context.Context, c Caller, o *Once[Customer], cu Customer,
) (Customer, Reply, error) {
	now := s.Now(c)
	cu.ID, cu.MerchantID, cu.Mode = s.ids.ID("cus", now), c.MerchantID, c.Mode
	cu.CreatedAt, cu.UpdatedAt = now, now
	if err := validateCustomer(&cu); err != nil {
		return cu, Reply{}, err
	}
	return atomically(ctx, s, c, o, func(ctx context.Context, tx Tx) (Customer, string, error) {
		return cu, cu.ID, tx.InsertCustomer(ctx, cu)
	})
}

// UpdateCustomer changes a customer.
func (s *Service) UpdateCustomer(
	ctx context.Context, c Caller, o *Once[Customer], id string, patch CustomerPatch,
) (Customer, Reply, error) {
	return atomically(ctx, s, c, o, func(ctx context.Context, tx Tx) (Customer, string, error) {
		cu, err := tx.LockCustomer(ctx, c.Scope, id)
		if err != nil {
			return cu, "", err
		}
		set(&cu.Email, patch.Email)
		set(&cu.Name, patch.Name)
		set(&cu.Phone, patch.Phone)
		set(&cu.Metadata, patch.Metadata)
		cu.UpdatedAt = s.Now(c)
		if err := validateCustomer(&cu); err != nil {
			return cu, "", err
		}
		return cu, cu.ID, tx.UpdateCustomer(ctx, cu)
	})
}

// DeleteCustomer removes a customer and returns what it was. What the customer saved is detached,
// and its mandates are canceled; sessions and payments that name it stay as they are.
func (s *Service) DeleteCustomer(
	ctx context.Context, c Caller, o *Once[Customer], id string,
) (Customer, Reply, error) {
	var ended []SavedMethod
	cu, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (Customer, string, error) {
			cu, err := tx.LockCustomer(ctx, c.Scope, id)
			if err != nil {
				return cu, "", err
			}
			if ended, err = s.detachAll(ctx, tx, c, id); err != nil {
				return cu, "", err
			}
			return cu, cu.ID, tx.DeleteCustomer(ctx, c.Scope, id)
		})
	if err != nil || reply.Replayed || len(ended) == 0 {
		return cu, reply, err
	}
	s.changed("")
	for i := range ended {
		s.forget(context.WithoutCancel(ctx), &ended[i])
	}
	return cu, reply, nil
}

// Customer returns one of the caller's customers.
func (s *Service) Customer(ctx context.Context, c Caller, id string) (Customer, error) {
	return s.store.Customer(ctx, c.Scope, id)
}

// Customers lists the caller's customers, newest first, and says whether there are more.
func (s *Service) Customers(
	ctx context.Context, c Caller, f CustomerFilter,
) ([]Customer, bool, error) {
	return list(ctx, c, &f.Page, s.store.Customer, func() ([]Customer, error) {
		return s.store.Customers(ctx, c.Scope, f)
	})
}

func validateCustomer(cu *Customer) error {
	if utf8.RuneCountInString(cu.Name) > maxName || hasControl(cu.Name) {
		return BadParam("name", "parameter_invalid",
			"The name must have at most %d characters and no control characters.", maxName)
	}
	if err := validateContact("", cu.Email, cu.Phone); err != nil {
		return err
	}
	return validateMetadata(cu.Metadata)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
