package hosted

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

var networkNames = map[string]string{
	"mtn": "MTN Mobile Money", "telecel": "Telecel Cash", "airteltigo": "AirtelTigo Money",
}

// networkName tells a mobile money network to those who use it.
func networkName(provider string) string {
	if name := networkNames[provider]; name != "" {
		return name
	}
	return provider
}

// menuCodes are dialled on a phone to open the network's own mobile money menu.
var menuCodes = map[string]string{"mtn": "*170#", "telecel": "*110#", "airteltigo": "*110#"}

// network is a mobile money network to choose from.
type network struct {
	Code, Name string
	Prefixes   string // of the numbers it gave out first, for the script
	Current    bool
}

// allNetworks asks the core about every prefix there can be, so that there is one table of them.
func allNetworks() []network {
	var all []network
	for _, code := range pay.Providers() {
		var prefixes []string
		for i := 10; i < 100; i++ {
			if pay.ProviderOf(fmt.Sprintf("0%d0000000", i)) == code {
				prefixes = append(prefixes, fmt.Sprintf("0%d", i))
			}
		}
		all = append(all, network{
			Code: code, Name: networkName(code), Prefixes: strings.Join(prefixes, " "),
		})
	}
	return all
}

// Networks are the networks to choose from, with the form's choice.
func (p *page) Networks() []network {
	all := slices.Clone(p.networks)
	for i := range all {
		all[i].Current = all[i].Code == p.Form.Provider
	}
	return all
}

// readMobile takes a wallet from a form. A network that was left open is told by the prefix, but
// not when the last attempt has just shown that the prefix is wrong.
func readMobile(f fields, last *pay.Payment) (*pay.MobileInput, form) {
	shown := form{
		Method: pay.MethodMobile, Phone: f.text(fieldPhone), Provider: f.text(fieldProvider),
	}
	phone := string(f.compact(fieldPhone))
	if _, ok := pay.LocalPhone(phone); phone == "" {
		shown.add(fieldPhone, "phone_missing")
	} else if !ok {
		shown.add(fieldPhone, "phone_invalid")
	}
	if !slices.Contains(pay.Providers(), shown.Provider) {
		shown.Provider = ""
	}
	if shown.Provider == "" && !otherNetwork(last) {
		shown.Provider = pay.ProviderOf(phone)
	}
	if shown.Provider == "" && shown.Problem(fieldPhone) == "" {
		shown.add(fieldProvider, "provider_missing")
	}
	return &pay.MobileInput{Phone: phone, Provider: shown.Provider}, shown
}

// otherNetwork reports whether another network may do what the last attempt's could not.
func otherNetwork(last *pay.Payment) bool {
	return last != nil && last.State == pay.PaymentFailed &&
		(last.DeclineCode == pay.DeclineNotRegistered || last.DeclineCode == pay.DeclineProviderDown)
}

// prefillMobile begins with the wallet that was tried last, else with the number the shop knows. A
// network that has just been found wrong is left to be chosen.
func (p *page) prefillMobile(v *pay.PageView) {
	phone, provider := v.Phone, ""
	if v.Payment != nil && v.Payment.Mobile != nil {
		phone, provider = v.Payment.Mobile.Phone, v.Payment.Mobile.Provider
	}
	local, ok := pay.LocalPhone(phone)
	if !ok {
		return
	}
	if provider == "" {
		provider = pay.ProviderOf(local)
	}
	if otherNetwork(v.Payment) {
		provider = ""
	}
	p.Form.Phone, p.Form.Provider = spaced(local), provider
}

// spaced writes a local number as it is read aloud: 024 123 4567.
func spaced(local string) string {
	if len(local) != 10 {
		return local
	}
	return local[:3] + " " + local[3:6] + " " + local[6:]
}

// masked shows a number to the one who knows it: 024 ••• ••67.
func masked(local string) string {
	if len(local) != 10 {
		return "••••"
	}
	return local[:3] + " ••• ••" + local[8:]
}

func (p *page) showMobile(m *pay.Mobile) {
	p.Provider, p.Network, p.Menu = m.Provider, networkName(m.Provider), menuCodes[m.Provider]
	p.Phone = masked(m.Phone)
}
