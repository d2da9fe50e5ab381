package hosted

import (
	"crypto/sha256"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Size of the nonce that every rendered form carries.
const (
	nonceBytes  = 16
	nonceLength = 26 // characters: 128 bits, 5 a character
)

// submit takes the payment form. However it ends, the browser is sent to the session's page, which
// tells the truth; only mistakes in the form are answered at once.
func (p *Pages) submit(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	onward := wayOf(r).onward()
	if stateOf(&v) != pageForm {
		return seeOther(w, r, onward) // a second tab, or a click that came late
	}
	f, err := readFields(r)
	if err != nil {
		return err
	}
	defer f.wipe()
	method, shown := readMethod(f, &v)
	if method.Card != nil {
		defer method.Card.CVC.Zero()
	}
	nonce := f.text(fieldNonce)
	if len(shown.Problems) > 0 || !isNonce(nonce) {
		return p.again(w, r, &v, shown)
	}
	if method.Payto != nil && f.text(fieldConfirmed) == "" {
		return p.findAccount(w, r, &v, attempted{method, shown})
	}
	if method.Payto != nil {
		if wait, ok := p.brake.allowAccount(v.Session.ID); !ok {
			return p.tooMany(w, r, wait)
		}
	}
	if wait, ok := p.brake.allow(r, household(p.clientIP(r)), method); !ok {
		return p.tooMany(w, r, wait)
	}
	_, _, err = p.pay.Pay(r.Context(), v.Caller, attemptOnce(v.Session.ID, nonce), pay.PayRequest{
		SessionID: v.Session.ID, Method: method, Save: shown.Save, Language: p.shownIn(r, f),
	})
	switch e := pay.AsError(err); {
	case err == nil, e.Kind == pay.Conflict, e.Kind == pay.State:
		return seeOther(w, r, onward)
	case shown.addError(err):
		return p.again(w, r, &v, shown)
	}
	return err
}

func isNonce(s string) bool {
	return len(s) == nonceLength && strings.Trim(s, "0123456789abcdefghjkmnpqrstvwxyz") == ""
}

// attemptOnce makes a form worth one attempt: the nonce of its rendering is the idempotency key, so
// that a double click finds the first click's payment. The fingerprint leaves the card out: a hash
// of a card number must not lie around, and a form that was sent twice with two cards still means
// one payment.
func attemptOnce(sessionID, nonce string) *pay.Once[pay.Payment] {
	key := "page:" + sessionID + ":" + nonce
	return &pay.Once[pay.Payment]{
		Key: key, Fingerprint: sha256.Sum256([]byte(key)),
		Render: func(pay.Payment) pay.Reply { return pay.Reply{Status: http.StatusSeeOther} },
	}
}

// attempted is what a form asks for, and what is shown of it again.
type attempted struct {
	method pay.MethodInput
	shown  form
}

// again shows the form with what is wrong in it, or with the next question. The next submission is
// a new attempt.
func (p *Pages) again(
	w http.ResponseWriter, r *http.Request, v *pay.PageView, shown form,
) error {
	pg := p.pageOf(r, v)
	pg.Form, pg.status = shown, http.StatusUnprocessableEntity
	if len(shown.Problems) == 0 && shown.Account.asked() {
		pg.status = http.StatusOK
	}
	pg.offer(v, shown.Method)
	pg.agree(v)
	pg.Decline, pg.Stopped = "", false // one message at a time
	p.render(w, r, pg)
	return nil
}

// tooMany answers whoever has tried too often. Nothing was started.
func (p *Pages) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) error {
	pg := p.blank(r)
	pg.Name, pg.status = pageLimited, http.StatusTooManyRequests
	pg.Minutes = int((wait + time.Minute - 1) / time.Minute)
	pg.Self = wayOf(r).self()
	seconds := int64((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	p.render(w, r, pg)
	return nil
}
