package hosted

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// issuer is a stage whose rail counts how often it is asked.
type issuer struct {
	*stage
	asked int
}

func (i *issuer) Sync(context.Context, pay.Caller, string) (pay.Payment, error) {
	i.asked++
	return *i.view.Payment, nil
}

// TestReturn_DoesNotAskTheRailForEver holds that a browser which comes back again and again, or
// somebody who writes its request down, is shown the page each time and asks the rail now and then.
func TestReturn_DoesNotAskTheRailForEver(t *testing.T) {
	v := openSession()
	in(pay.SessionPaying, challenged("https://bank.test/"))(&v)
	i, now := &issuer{stage: &stage{view: v}}, stageNow
	h := handlerOf(newPages(t, i, func(d *Deps) { d.Now = func() time.Time { return now } }))
	back := strings.Replace(stagePath, "?", "/return?", 1)
	for n := range 3 * maxReturns {
		w := get(h, back)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != stagePath {
			t.Fatalf("return %d: %d to %q", n+1, w.Code, w.Header().Get("Location"))
		}
	}
	if i.asked != maxReturns {
		t.Errorf("the rail was asked %d times", i.asked)
	}
	now = now.Add(askEvery)
	get(h, back)
	if i.asked != maxReturns+1 {
		t.Errorf("the rail was asked %d times, later", i.asked)
	}
}
