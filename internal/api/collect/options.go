package collect

import (
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// optionsInput is the options of every type; each type knows some of them.
type optionsInput struct {
	Customer             *customerOption    `json:"customer"`
	CustomerID           *string            `json:"customer_id"`
	PaymentMethodID      *string            `json:"payment_method_id"`
	MandateID            *string            `json:"mandate_id"`
	CheckoutOptions      *checkoutOptions   `json:"checkout_options"`
	PaymentMethodOptions *methodOptions     `json:"payment_method_options"`
	MandateOptions       *mandateInput      `json:"mandate_options"`
	SubscriptionOptions  *subscriptionInput `json:"subscription_options"`
}

// customerOption is a customer to be made together with the session.
type customerOption struct {
	Name  string  `json:"name" wire:"required"`
	Email string  `json:"email" wire:"required"`
	Phone *string `json:"phone"`
}

// checkoutOptions are about the page that the payer sees.
type checkoutOptions struct {
	ReturnURL         *string           `json:"return_url"`
	SuccessURL        *string           `json:"success_url"`
	SavePaymentMethod *string           `json:"save_payment_method"`
	PresentationMode  *presentationMode `json:"presentation_mode"`
}

type presentationMode struct {
	Mode             string `json:"mode" wire:"required"`
	DisplayPayButton *bool  `json:"display_pay_button"`
}

// methodOptions are about one kind of payment method each.
type methodOptions struct {
	Card *cardOptions `json:"card"`
}

type cardOptions struct {
	CaptureMethod     *string `json:"capture_method"`
	SavePaymentMethod *string `json:"save_payment_method"`
}

// presentations are the words for where a page is shown.
var presentations = map[string]pay.Presentation{
	"redirect": pay.Redirect, "embedded_modal": pay.EmbeddedModal,
	"embedded_inline": pay.EmbeddedInline,
}

// Paths of options.
const (
	pathReturn  = "options.checkout_options.return_url"
	pathSuccess = "options.checkout_options.success_url"
	pathSave    = "options.checkout_options.save_payment_method"
	pathCard    = "options.payment_method_options.card"
)

// only refuses options that sessions of the type do not have.
func (o *optionsInput) only(kind string) error {
	payer := []string{typeOneTime, typeFirst}
	for _, f := range []struct {
		name  string
		given bool
		types []string
	}{
		{"customer", o.Customer != nil, payer},
		{"payment_method_id", o.PaymentMethodID != nil, []string{typeNext}},
		{"mandate_id", o.MandateID != nil, []string{typeNext}},
		{"checkout_options", o.CheckoutOptions != nil, payer},
		{"mandate_options", o.MandateOptions != nil, []string{typeFirst}},
		{"subscription_options", o.SubscriptionOptions != nil, []string{typeFirst}},
	} {
		if f.given && !slices.Contains(f.types, kind) {
			field := "options." + f.name
			return &pay.Error{Kind: pay.Invalid, Code: codeUnknown, Param: field, Message: field +
				" belongs to sessions of the type " + strings.Join(f.types, " or ") + " alone."}
		}
	}
	return nil
}

// validate checks what the options of a session with a payer say.
func (o *optionsInput) validate(in *sessionInput) error {
	if o.Customer != nil && o.CustomerID != nil {
		return bad("options.customer", "cannot be combined with options.customer_id: a customer is "+
			"made or named.")
	}
	if o.CustomerID != nil {
		if err := checkID("options.customer_id", *o.CustomerID); err != nil {
			return err
		}
	}
	return first(o.Customer.validate(), o.CheckoutOptions.validate(),
		o.PaymentMethodOptions.validate(), in.validateSaving())
}

func (cu *customerOption) validate() error {
	if cu == nil {
		return nil
	}
	if strings.TrimSpace(cu.Name) == "" {
		return bad("options.customer.name", "must not be empty.")
	}
	if cu.Email == "" {
		return bad("options.customer.email", "must not be empty.")
	}
	return checkPhone("options.customer.phone", cu.Phone)
}

// Lengths of a phone number of E.164, in digits.
const (
	minPhone = 7
	maxPhone = 15
)

// checkPhone wants the international form of E.164, which needs no country to be understood.
func checkPhone(field string, phone *string) error {
	if phone == nil {
		return nil
	}
	digits, plus := strings.CutPrefix(*phone, "+")
	ok := plus && len(digits) >= minPhone && len(digits) <= maxPhone && digits[0] != '0'
	for _, d := range []byte(digits) {
		ok = ok && d >= '0' && d <= '9'
	}
	if !ok {
		return bad(field, "must be an international number such as +233201234567.")
	}
	return nil
}

func (o *checkoutOptions) validate() error {
	if o == nil {
		return nil
	}
	switch {
	case o.ReturnURL != nil && *o.ReturnURL == "":
		return bad(pathReturn, "must not be empty.")
	case o.SuccessURL != nil && *o.SuccessURL == "":
		return bad(pathSuccess, "must not be empty.")
	case o.ReturnURL != nil && o.SuccessURL != nil && *o.ReturnURL != *o.SuccessURL:
		return bad(pathSuccess, "differs from return_url: give one of the two.")
	}
	if m := o.PresentationMode; m != nil {
		const path = "options.checkout_options.presentation_mode"
		mode, ok := presentations[m.Mode]
		if !ok {
			return bad(path+".mode", "must be one of %s.",
				strings.Join(wire.Words(presentations), ", "))
		}
		if m.DisplayPayButton != nil && mode == pay.Redirect {
			return bad(path+".display_pay_button", "belongs to the embedded modes.")
		}
	}
	return nil
}

func (o *methodOptions) validate() error {
	if o == nil || o.Card == nil || o.Card.CaptureMethod == nil {
		return nil
	}
	m := pay.CaptureMode(*o.Card.CaptureMethod)
	if m != pay.CaptureAutomatic && m != pay.CaptureManual {
		return bad(pathCard+".capture_method", "must be %s or %s.", pay.CaptureAutomatic,
			pay.CaptureManual)
	}
	return nil
}

// noSaving refuses to save what was saved before.
func (o *methodOptions) noSaving() error {
	if o == nil || o.Card == nil || o.Card.SavePaymentMethod == nil {
		return nil
	}
	return bad(pathCard+".save_payment_method", "belongs to sessions of the type %s alone.",
		typeOneTime)
}

// saving returns what is wished about saving the method, and the path at which it is.
func (in *sessionInput) saving() (wish *string, path string, err error) {
	o := in.Options
	if o.CheckoutOptions != nil {
		wish, path = o.CheckoutOptions.SavePaymentMethod, pathSave
	}
	if m := o.PaymentMethodOptions; m != nil && m.Card != nil && m.Card.SavePaymentMethod != nil {
		of := m.Card.SavePaymentMethod
		if wish != nil && *wish != *of {
			return nil, "", bad(pathCard+".save_payment_method", "differs from %s: give it once.",
				pathSave)
		}
		wish, path = of, pathCard+".save_payment_method"
	}
	return wish, path, nil
}

// validateSaving checks the wish about saving: a series and a verification save in any case.
func (in *sessionInput) validateSaving() error {
	wish, path, err := in.saving()
	if err != nil || wish == nil {
		return err
	}
	save := pay.SaveWish(*wish)
	switch {
	case save != pay.SaveNever && save != pay.SaveAlways && save != pay.SavePrompt:
		return bad(path, "must be %s, %s or %s.", pay.SaveNever, pay.SaveAlways, pay.SavePrompt)
	case in.sessionType() == typeFirst && save != pay.SaveAlways:
		return bad(path, "can only be always: a session of the type %s saves the method.", typeFirst)
	case in.Amount == 0 && save != pay.SaveAlways:
		return bad(path, "can only be always: with the amount 0 the method is verified and saved.")
	}
	return nil
}

// capture returns when the money is taken.
func (o *optionsInput) capture() pay.CaptureMode {
	if m := o.PaymentMethodOptions; m != nil && m.Card != nil {
		return pay.CaptureMode(wire.Value(m.Card.CaptureMethod))
	}
	return ""
}

// successURL is where the payer comes back to, with the session.
func (o *optionsInput) successURL() string {
	c := o.CheckoutOptions
	if c == nil {
		return ""
	}
	if c.ReturnURL != nil {
		return withSessionID(*c.ReturnURL)
	}
	return withSessionID(wire.Value(c.SuccessURL))
}

// presentation says where the page is shown, and whether without a button of its own.
func (o *optionsInput) presentation() (p pay.Presentation, hideButton bool) {
	if o.CheckoutOptions == nil || o.CheckoutOptions.PresentationMode == nil {
		return pay.Redirect, false
	}
	m := o.CheckoutOptions.PresentationMode
	return presentations[m.Mode], m.DisplayPayButton != nil && !*m.DisplayPayButton
}
