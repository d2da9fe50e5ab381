package storetest

import (
	"fmt"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
)

var agreementCases = map[string]func(*run){
	"Agreement_FoundByToken":    agreementByToken,
	"Agreement_IsOneMethod":     agreementOnce,
	"Agreement_PaymentsWithIt":  agreementPayment,
	"Mandate_OneAtATime":        mandateOneAtATime,
	"Alias_RoundTrip":           aliasRoundTrip,
	"Alias_OneObjectWins":       aliasRace,
	"Alias_GoesWithItsUnit":     aliasUnit,
	"Hook_OneForEachAddress":    hookEnsure,
	"Hook_ManyAtOnceAreOne":     hookRace,
	"Hook_IsInNoList":           hookUnlisted,
	"Hook_Signer":               hookSigner,
	"Notice_OfAnAgreementAlone": noticeOfAgreement,
}

func account() *pay.Payto {
	return &pay.Payto{
		Kind: payid.Account, BSB: "062000", Account: "12345678", Name: awkward,
	}
}

// addAgreement stores a method that is an agreement at a bank.
func (r *run) addAgreement(sc pay.Scope, token string) pay.SavedMethod {
	r.Helper()
	return r.addMethod(sc, func(m *pay.SavedMethod) {
		m.Rail, m.Type, m.Card, m.Payto, m.Token = "payto", pay.MethodPayTo, nil, account(), token
	})
}

func agreementByToken(r *run) {
	card := r.addMethod(shop, nothing)
	m := r.addAgreement(shop, "t1")
	r.addAgreement(rival, "t2")
	r.eq(got[pay.SavedMethod](r)(r.MethodByToken(r.ctx, "payto", "t1")), m)
	r.eq(got[pay.SavedMethod](r)(r.SavedMethod(r.ctx, shop, m.ID)), m)
	r.absent(fails(r.MethodByToken(r.ctx, "payto", "t3")))
	r.absent(fails(r.MethodByToken(r.ctx, "other", "t1")))
	r.absent(fails(r.MethodByToken(r.ctx, card.Rail, card.Token)))
}

func agreementOnce(r *run) {
	m := r.addAgreement(shop, "t1")
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		m.ID = r.id("pm")
		return tx.InsertMethod(r.ctx, m)
	})
}

func agreementPayment(r *run) {
	p := r.addPayment(shop, func(p *pay.Payment) { p.Card, p.Payto = nil, account() })
	r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)), p)
	p.Payto, p.Version = &pay.Payto{Kind: payid.PayID, PayID: "x"}, 2
	p.NetworkCode, p.Agreement, p.Hook = "", "", ""
	r.do(func(tx pay.Tx) error { return tx.SwapPayment(r.ctx, p, r.now) })
	r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)), p)
}

func mandateOneAtATime(r *run) {
	first := r.addMandate(shop, nothing)
	second := r.mandate(shop)
	second.SessionID = first.SessionID
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertMandate(r.ctx, second, r.now)
	})
	r.do(func(tx pay.Tx) error {
		first.State, first.Version = pay.MandateCanceled, 2
		if err := tx.SwapMandate(r.ctx, first, r.now); err != nil {
			return err
		}
		return tx.InsertMandate(r.ctx, second, r.now)
	})
}

func aliasKey(sc pay.Scope, family, kind, id string) pay.AliasKey {
	return pay.AliasKey{Scope: sc, Family: family, Alias: pay.Alias{Kind: kind, ID: id}}
}

func aliasRoundTrip(r *run) {
	keys := []pay.AliasKey{
		aliasKey(shop, "wpay", "payment", awkward), aliasKey(shop, "wpay", "instrument", awkward),
		aliasKey(shop, "other", "payment", awkward), aliasKey(rival, "wpay", "payment", awkward),
		aliasKey(live, "wpay", "payment", awkward), aliasKey(shop, "wpay", "payment", "A"),
		aliasKey(shop, "wpay", "payment", "a"),
	}
	for i, k := range keys {
		r.absent(fails(r.Alias(r.ctx, k)))
		r.do(func(tx pay.Tx) error { return tx.InsertAlias(r.ctx, k, fmt.Sprint("obj_", i)) })
	}
	for i, k := range keys {
		r.eq(got[string](r)(r.Alias(r.ctx, k)), fmt.Sprint("obj_", i))
		r.refused(pay.Conflict, "", func(tx pay.Tx) error { return tx.InsertAlias(r.ctx, k, "x") })
	}
}

func aliasRace(r *run) {
	k := aliasKey(shop, "wpay", "payment", "same")
	r.oneWins(r.race(20, func(i int) error {
		return r.try(func(tx pay.Tx) error { return tx.InsertAlias(r.ctx, k, fmt.Sprint(i)) })
	}))
}

func aliasUnit(r *run) {
	k := aliasKey(shop, "wpay", "payment", "1")
	_ = r.try(func(tx pay.Tx) error {
		if err := tx.InsertAlias(r.ctx, k, "obj"); err != nil {
			return err
		}
		r.eq(got[string](r)(tx.Alias(r.ctx, k)), "obj")
		return fmt.Errorf("not after all")
	})
	r.absent(fails(r.Alias(r.ctx, k)))
}

func (r *run) hook(sc pay.Scope, url string) pay.Endpoint {
	e := r.endpoint(sc)
	e.Hook, e.URL = true, url
	return e
}

func hookEnsure(r *run) {
	ensure := func(e pay.Endpoint) pay.Endpoint {
		return inUnit(r, func(tx pay.Tx) (pay.Endpoint, error) { return tx.EnsureHook(r.ctx, e) })
	}
	e := r.hook(shop, "https://shop.test/a")
	r.eq(ensure(e), e)
	r.eq(ensure(r.hook(shop, e.URL)), e)
	r.eq(got[pay.Endpoint](r)(r.Endpoint(r.ctx, shop, e.ID)), e)
	other := r.hook(shop, e.URL)
	other.Family = "other"
	for _, apart := range []pay.Endpoint{
		other, r.hook(rival, e.URL), r.hook(live, e.URL), r.hook(shop, "https://shop.test/b"),
	} {
		r.eq(ensure(apart), apart)
	}
}

func hookRace(r *run) {
	ids := make([]string, 20)
	r.race(len(ids), func(i int) error {
		return r.try(func(tx pay.Tx) error {
			e, err := tx.EnsureHook(r.ctx, r.hook(shop, "https://shop.test/a"))
			ids[i] = e.ID
			return err
		})
	})
	for _, id := range ids {
		r.eq(id, ids[0])
	}
}

// hookSigner: the hook without an address is found by whose it is, and no other is.
func hookSigner(r *run) {
	ensure := func(e pay.Endpoint) {
		r.do(func(tx pay.Tx) error { return fails(tx.EnsureHook(r.ctx, e)) })
	}
	signer := r.hook(shop, "")
	ensure(r.hook(shop, "https://shop.test/a"))
	r.absent(fails(r.HookSigner(r.ctx, shop, signer.Family)))
	ensure(signer)
	r.eq(got[pay.Endpoint](r)(r.HookSigner(r.ctx, shop, signer.Family)), signer)
	r.absent(fails(r.HookSigner(r.ctx, shop, "other")))
	for _, sc := range others {
		r.absent(fails(r.HookSigner(r.ctx, sc, signer.Family)))
	}
}

func hookUnlisted(r *run) {
	e := r.addEndpoint(shop)
	r.do(func(tx pay.Tx) error {
		return fails(tx.EnsureHook(r.ctx, r.hook(shop, e.URL)))
	})
	r.eq(got[[]pay.Endpoint](r)(r.Endpoints(r.ctx, shop, page(10))), []pay.Endpoint{e})
	r.eq(got[[]pay.Endpoint](r)(r.EnabledEndpoints(r.ctx, shop)), []pay.Endpoint{e})
}

func noticeOfAgreement(r *run) {
	n := pay.StoredNotice{
		Rail: "payto", Notice: pay.Notice{ID: "n1", Token: "t1"}, ReceivedAt: r.in(-1),
	}
	r.do(func(tx pay.Tx) error { return tx.InsertNotice(r.ctx, n) })
	n.Tries = 1
	r.eq(r.claimedNotices(0, 30, 10), []pay.StoredNotice{n})
}
