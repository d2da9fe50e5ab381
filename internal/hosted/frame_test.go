package hosted

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

const shopOrigin = "https://shop.test"

// framedBrowser looks at a session's page from within a page of the shop.
func framedBrowser(t *testing.T, parent string, change ...func(*pay.OpenSession)) *browser {
	t.Helper()
	b := newBrowser(t, change...)
	b.path = embedPath + b.Pay.ClientToken(b.id, b.Session(b.id).ExpiresAt)
	if parent != "" {
		b.path += "?parent=" + url.QueryEscape(parent)
	}
	return b
}

func ancestors(w *httptest.ResponseRecorder) string {
	_, rest, _ := strings.Cut(w.Header().Get("Content-Security-Policy"), "frame-ancestors ")
	origins, _, _ := strings.Cut(rest, ";")
	return origins
}

// TestFrame_Pays: the whole road within a shop's page, without the page key in any address.
func TestFrame_Pays(t *testing.T) {
	b := framedBrowser(t, shopOrigin)
	w := get(b.h, b.path)
	body := b.framed(w, pageForm)
	if ancestors(w) != shopOrigin || w.Header().Get("X-Frame-Options") != "" {
		t.Errorf("who may show it: %v", w.Header())
	}
	for _, want := range []string{
		`data-parent="https://shop.test"`, `data-session="` + b.id + `"`, `data-page="form"`,
		`href="https://shop.test/basket" target="_top" data-leave`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on %s", want, body)
		}
	}
	if strings.Contains(body, b.Pay.PageKey(b.id)) {
		t.Error("the page key is on a page that was opened without it")
	}
	failed := b.framed(b.pay(declined), pageForm)
	if !strings.Contains(failed, `data-decline="insufficient_funds"`) {
		t.Errorf("the shop does not hear why: %s", failed)
	}
	w = b.pay(approved)
	body = b.framed(w, pagePaid)
	if w.Header().Get("Refresh") != "" {
		t.Error("the shop would be shown within itself")
	}
	if !strings.Contains(body, `target="_top">Return to`) {
		t.Errorf("no way out of the frame: %s", body)
	}
	b.framed(get(b.h, strings.Replace(b.path, "?", "/receipt?", 1)), pageReceipt)
}

// framed checks which page is shown, and that it knows where it is.
func (b *browser) framed(w *httptest.ResponseRecorder, name string) string {
	b.T.Helper()
	body := w.Body.String()
	if !strings.Contains(body, `<body class="page-`+name+` framed"`) {
		b.T.Fatalf("not the page %s in a frame: %d %s", name, w.Code, body)
	}
	return body
}

// TestFrame_Challenge: the bank is shown by itself, never within the shop's page.
func TestFrame_Challenge(t *testing.T) {
	b := framedBrowser(t, shopOrigin)
	body := b.framed(b.pay(challenge), pageAction)
	link := html.UnescapeString(body[strings.Index(body, `id="bank"`):])
	if link = link[:strings.Index(link, ">")]; !strings.Contains(link, `target="_top"`) {
		t.Errorf("the bank opens in %s", link)
	}
}

// TestFrame_Parents: only pages that belong to the merchant may show the page, and hear from it.
func TestFrame_Parents(t *testing.T) {
	const session, registered = "https://shop.test", "https://app.shop.test"
	for name, c := range map[string]struct {
		mode             pay.Mode
		parent           string
		ancestors, hears string
		success          string
	}{
		"the session's own": {pay.Live, session, session + " " + registered, session, session},
		"registered":        {pay.Live, registered, session + " " + registered, registered, session},
		"a stranger":        {pay.Live, "https://evil.test", session + " " + registered, "", session},
		"nobody":            {pay.Live, "", session + " " + registered, "", session},
		"not an origin":     {pay.Live, "'self' *", session + " " + registered, "", session},
		"a path":            {pay.Live, session + "/x", session + " " + registered, "", session},
		"a developer": {pay.Test, "http://localhost:3000",
			session + " " + registered + " http://localhost:3000", "http://localhost:3000", session},
		"a developer, live": {pay.Live, "http://localhost:3000", session + " " + registered, "",
			session},
		"no return address": {pay.Live, registered, registered, registered, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := openSession()
			v.Session.Mode, v.Session.CancelURL, v.Session.SuccessURL = c.mode, "", ""
			if c.success != "" {
				v.Session.SuccessURL = c.success + "/done"
			}
			v.Merchant.ReturnOrigins = []string{registered}
			h := handlerOf(newPages(t, &stage{view: v}))
			w := get(h, embedPath+stageToken+"?parent="+url.QueryEscape(c.parent))
			if got := ancestors(w); got != c.ancestors {
				t.Errorf("shown within %q, want %q", got, c.ancestors)
			}
			body := w.Body.String()
			hears := strings.Contains(body, `data-parent="`+c.hears+`"`)
			if c.hears != "" && !hears || c.hears == "" && strings.Contains(body, "data-parent") {
				t.Errorf("want %q to hear: %s", c.hears, body[:min(len(body), 2000)])
			}
		})
	}
}

// TestFrame_Nobody: without any origin of the merchant's the page is shown within nothing.
func TestFrame_Nobody(t *testing.T) {
	v := openSession()
	v.Session.Mode, v.Session.CancelURL, v.Session.SuccessURL = pay.Live, "", ""
	w := get(handlerOf(newPages(t, &stage{view: v})), embedPath+stageToken+"?parent="+shopOrigin)
	if ancestors(w) != "'none'" || w.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("%v", w.Header())
	}
}

// TestFrame_Strangers: a token that is none opens nothing, and is shown within nothing.
func TestFrame_Strangers(t *testing.T) {
	b := framedBrowser(t, shopOrigin)
	token, _, _ := strings.Cut(strings.TrimPrefix(b.path, embedPath), "?")
	for _, bad := range []string{"x", token[:len(token)-2], token + "x", "a." + token} {
		for _, step := range []string{"", "/status", "/receipt"} {
			w := get(b.h, embedPath+bad+step+"?parent="+shopOrigin)
			if w.Code != http.StatusNotFound || ancestors(w) != "'none'" {
				t.Errorf("%s%s: %d %v", bad, step, w.Code, w.Header())
			}
		}
	}
	if w := post(b.h, b.path, goodCard(), "Sec-Fetch-Site", "cross-site"); w.Code !=
		http.StatusForbidden {
		t.Errorf("another site sends the form: %d", w.Code)
	}
	b.Clock.Advance(25*time.Hour + pay.DefaultTTL)
	if w := get(b.h, b.path); w.Code != http.StatusNotFound {
		t.Errorf("the token lives for ever: %d", w.Code)
	}
}

// TestFrame_HidesTheButton: only where the shop has one.
func TestFrame_HidesTheButton(t *testing.T) {
	hide := func(r *pay.OpenSession) {
		r.Offer.Presentation, r.Offer.HidePayButton = pay.EmbeddedInline, true
	}
	const hidden = `type="submit" hidden>`
	b := framedBrowser(t, shopOrigin, hide)
	if body := get(b.h, b.path).Body.String(); !strings.Contains(body, hidden) {
		t.Errorf("the button is there: %s", body)
	}
	own := strings.TrimPrefix(b.Pay.PageURL(b.id), "http://127.0.0.1:8080")
	if body := get(b.h, own).Body.String(); strings.Contains(body, hidden) {
		t.Error("a page of its own has no button")
	}
}

// TestEmbedScript: any page may load it, it is small, and it is asked for again.
func TestEmbedScript(t *testing.T) {
	h := handlerOf(newPages(t, &stage{}))
	w := get(h, "/embed.js")
	if w.Code != http.StatusOK || w.Body.Len() >= 6<<10 || w.Body.Len() < 1000 {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	for name, want := range map[string]string{
		"Content-Type":                 "text/javascript; charset=utf-8",
		"Cache-Control":                "public, max-age=3600",
		"Cross-Origin-Resource-Policy": "cross-origin",
		"Access-Control-Allow-Origin":  "*",
		"X-Content-Type-Options":       "nosniff",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	etag := w.Header().Get("ETag")
	if w = get(h, "/embed.js", "If-None-Match", etag); w.Code != http.StatusNotModified {
		t.Errorf("%d", w.Code)
	}
}
