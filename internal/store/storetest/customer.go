package storetest

import (
	"github.com/kassa-pay/kassa/internal/pay"
)

var customerCases = map[string]func(*run){
	"Customer_RoundTrip": customerRoundTrip,
	"Customer_Update":    customerUpdate,
	"Customer_Lock":      customerLock,
	"Customer_Delete":    customerDelete,
	"Customer_List":      customerList,
}

func (r *run) addCustomer(sc pay.Scope, email string) pay.Customer {
	r.Helper()
	c := r.customer(sc)
	c.Email = email
	r.do(func(tx pay.Tx) error { return tx.InsertCustomer(r.ctx, c) })
	return c
}

func customerRoundTrip(r *run) {
	full := r.addCustomer(shop, "ama@example.com")
	bare := pay.Customer{
		ID: r.id("cus"), MerchantID: shop.MerchantID, Mode: shop.Mode, CreatedAt: r.now,
		UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertCustomer(r.ctx, bare) })
	for _, want := range []pay.Customer{full, bare} {
		r.eq(got[pay.Customer](r)(r.Customer(r.ctx, shop, want.ID)), want)
		for _, sc := range others {
			r.absent(fails(r.Customer(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.Customer(r.ctx, shop, "cus_none")))
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertCustomer(r.ctx, bare)
	})
}

func customerUpdate(r *run) {
	c := r.addCustomer(shop, "ama@example.com")
	c.Email, c.Name, c.Phone, c.Metadata, c.UpdatedAt = "", "B", "", nil, r.in(9)
	for _, sc := range others {
		foreign := c
		foreign.MerchantID, foreign.Mode = sc.MerchantID, sc.Mode
		r.refused(pay.NotFound, "", func(tx pay.Tx) error {
			return tx.UpdateCustomer(r.ctx, foreign)
		})
	}
	r.do(func(tx pay.Tx) error { return tx.UpdateCustomer(r.ctx, c) })
	r.eq(got[pay.Customer](r)(r.Customer(r.ctx, shop, c.ID)), c)
}

func customerLock(r *run) {
	c := r.addCustomer(shop, "ama@example.com")
	r.do(func(tx pay.Tx) error {
		locked, err := tx.LockCustomer(r.ctx, shop, c.ID)
		r.eq(locked, c)
		for _, sc := range others {
			r.absent(fails(tx.LockCustomer(r.ctx, sc, c.ID)))
		}
		return err
	})
}

func customerDelete(r *run) {
	c := r.addCustomer(shop, "ama@example.com")
	s := r.addSession(shop, func(s *pay.Session) { s.CustomerID = c.ID })
	for _, sc := range others {
		r.refused(pay.NotFound, "", func(tx pay.Tx) error {
			return tx.DeleteCustomer(r.ctx, sc, c.ID)
		})
	}
	r.do(func(tx pay.Tx) error { return tx.DeleteCustomer(r.ctx, shop, c.ID) })
	r.absent(fails(r.Customer(r.ctx, shop, c.ID)))
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return tx.DeleteCustomer(r.ctx, shop, c.ID)
	})
	r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, s.ID)), s)
}

func customerList(r *run) {
	var ama, everybody []string
	for i := range 7 {
		for _, sc := range others {
			r.addCustomer(sc, "ama@example.com")
		}
		email := []string{"ama@example.com", "Ama@example.com", ""}[i%3]
		c := r.addCustomer(shop, email)
		everybody = append(everybody, c.ID)
		if email == "ama@example.com" {
			ama = append(ama, c.ID)
		}
	}
	for email, want := range map[string][]string{"": everybody, "ama@example.com": ama} {
		ids := r.pages(2, func() { r.addCustomer(shop, email) },
			func(p pay.Page) ([]string, error) {
				list, err := r.Customers(r.ctx, shop, pay.CustomerFilter{Page: p, Email: email})
				return idsOf(list, func(c pay.Customer) string { return c.ID }), err
			})
		if email == "" {
			// The other list added customers of its own.
			ids = ids[len(ids)-len(everybody):]
		}
		r.eq(ids, reversed(want))
	}
}
