package sim

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/pay"
)

// cardRail is the name of the card network whose challenges these pages show.
const cardRail = "card"

const maxToken = 128 // characters of a challenge's token

// answerField is the button's name; its value says what the payer decided.
const answerField = "answer"

var answers = map[string]pay.Decision{"approve": pay.Approve, "decline": pay.Reject}

func (p *Pages) challenge(w http.ResponseWriter, r *http.Request) {
	prompt, err := p.prompt(r)
	switch {
	case err != nil:
		p.fail(w, r, err)
	case !prompt.Open:
		p.closed(w, r, prompt.ReturnURL)
	default:
		v := view{
			status: http.StatusOK, template: "ask", Title: "Is this card yours?",
			Merchant: prompt.Merchant, Card: describe(prompt.Card),
		}
		if prompt.Amount.Minor > 0 {
			v.Title, v.Amount = "Approve this payment?", prompt.Amount.Format("en")
		}
		p.render(w, r, v)
	}
}

// prompt looks the request's token up. A token that is too long to be one is unknown.
func (p *Pages) prompt(r *http.Request) (pay.Prompt, error) {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return pay.Prompt{}, pay.Errorf(pay.NotFound, "resource_missing", "No such request.")
	}
	return p.pay.Prompt(r.Context(), cardRail, token)
}

func (p *Pages) decide(w http.ResponseWriter, r *http.Request) {
	if !p.shield.Ours(r) {
		p.message(w, r, http.StatusForbidden, foreign)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	decision, clear := answers[r.PostFormValue(answerField)]
	if !clear {
		p.message(w, r, http.StatusBadRequest, unclear)
		return
	}
	prompt, err := p.prompt(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	next, err := p.pay.DecidePrompt(r.Context(), cardRail, r.PathValue("token"), decision)
	switch {
	case pay.IsKind(err, pay.State):
		p.closed(w, r, prompt.ReturnURL)
	case err != nil:
		p.fail(w, r, err)
	default:
		p.goOn(w, r, next)
	}
}

// goOn sends the browser back to the checkout.
func (p *Pages) goOn(w http.ResponseWriter, r *http.Request, next string) {
	path := p.own(next)
	if path == "" {
		p.message(w, r, http.StatusOK, answered)
		return
	}
	p.shield.Strict(w)
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// closed tells that there is nothing left to answer. After a POST, which is most likely the second
// click of a double click, the browser goes on by itself.
func (p *Pages) closed(w http.ResponseWriter, r *http.Request, next string) {
	m := used
	if m.next = p.own(next); m.next != "" && r.Method == http.MethodPost {
		w.Header().Set("Refresh", "2;url="+m.next)
	}
	p.message(w, r, http.StatusGone, m)
}
