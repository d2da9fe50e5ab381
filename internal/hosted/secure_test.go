package hosted

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
)

func TestHeaders(t *testing.T) {
	for base, sts := range map[string]string{
		"http://127.0.0.1:8080": "", "https://pay.shop.test": "max-age=31536000",
	} {
		p := newPages(t, &stage{view: openSession()}, func(d *Deps) { d.BaseURL = base })
		for _, target := range []string{
			stagePath, "/checkout/nobody", p.assets.CSS().URL,
			strings.Replace(stagePath, "?", "/status?", 1),
		} {
			h := get(handlerOf(p), target).Header()
			for name, want := range map[string]string{
				"Strict-Transport-Security":    sts,
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              "same-origin",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin",
				"X-Frame-Options":              "DENY",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s %s: %s is %q, want %q", base, target, name, got, want)
				}
			}
			if target != p.assets.CSS().URL && h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached: %q", target, h.Get("Cache-Control"))
			}
			checkPolicy(t, h.Get("Content-Security-Policy"))
		}
	}
}

func checkPolicy(t *testing.T, policy string) {
	t.Helper()
	directives := strings.Split(policy, "; ")
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
		"connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
		"object-src 'none'", "require-trusted-types-for 'script'",
	} {
		found := false
		for _, d := range directives {
			found = found || d == want
		}
		if !found {
			t.Errorf("no %s in %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy has a hole: %s", policy)
	}
}

// TestNotFound: an unknown session, a wrong key, a missing key and any other path are one answer.
func TestNotFound(t *testing.T) {
	h := handlerOf(newPages(t, &stage{view: openSession()}))
	first := get(h, "/checkout/cs_unknown?key="+stageKey)
	if first.Code != http.StatusNotFound || !strings.Contains(first.Body.String(), "Page not found") {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	for _, target := range []string{
		"/checkout/" + stageID, "/checkout/" + stageID + "?key=wrong",
		"/checkout/" + stageID + "/status?key=wrong", "/checkout/" + stageID + "/events?key=wrong",
		"/checkout/" + stageID + "/return", "/checkout/" + stageID + "/wait", "/checkout/",
		"/checkout/" + stageID + "/nothing?key=" + stageKey, "/checkout/assets/nothing.js",
		"/checkout/assets/return?key=" + stageKey,
	} {
		w := get(h, target)
		if w.Code != first.Code || !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		for name := range first.Header() {
			if w.Header().Get(name) != first.Header().Get(name) {
				t.Errorf("%s: %s is %q", target, name, w.Header().Get(name))
			}
		}
	}
	for _, step := range []string{"", "/cancel"} {
		w := post(h, "/checkout/"+stageID+step+"?key=wrong", nil)
		if w.Code != first.Code || !bytes.Equal(w.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("POST %s: %d %s", step, w.Code, w.Body)
		}
	}
}

func TestHead(t *testing.T) {
	h := handlerOf(newPages(t, &stage{view: openSession()}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodHead, stagePath, nil))
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("%d, %d bytes, length %s", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

// TestCrossOrigin: the stage panics when money is asked of it, so a form that is let through shows.
func TestCrossOrigin(t *testing.T) {
	h := handlerOf(newPages(t, &stage{view: openSession()}))
	for name, header := range map[string][]string{
		"silent":             {"Sec-Fetch-Site", ""},
		"cross-site":         {"Sec-Fetch-Site", "cross-site"},
		"same-site":          {"Sec-Fetch-Site", "same-site"},
		"cross-site, ours":   {"Sec-Fetch-Site", "cross-site", "Origin", "http://evil.test"},
		"null origin":        {"Sec-Fetch-Site", "", "Origin", "null"},
		"another origin":     {"Sec-Fetch-Site", "", "Origin", "http://evil.test"},
		"another port":       {"Sec-Fetch-Site", "", "Origin", "http://127.0.0.1:9"},
		"our host as a part": {"Sec-Fetch-Site", "", "Origin", "http://127.0.0.1:8080.evil.test"},
	} {
		for _, target := range []string{stagePath, strings.Replace(stagePath, "?", "/cancel?", 1)} {
			w := post(h, target, goodCard(), header...)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s to %s: %d", name, target, w.Code)
			}
			if !strings.Contains(w.Body.String(), "This request was not accepted") {
				t.Errorf("%s: %s", name, w.Body)
			}
		}
	}
	bad := goodCard()
	bad.Set(fieldNumber, "1")
	for name, header := range map[string][]string{
		"same origin":        {},
		"typed in":           {"Sec-Fetch-Site", "none"},
		"origin alone":       {"Sec-Fetch-Site", "", "Origin", "http://example.com"}, // the test's host
		"origin of the base": {"Sec-Fetch-Site", "", "Origin", "http://127.0.0.1:8080"},
	} {
		if w := post(h, stagePath, bad, header...); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	h := handlerOf(newPages(t, &stage{view: openSession()}))
	form := goodCard()
	form.Set("padding", strings.Repeat("x", maxBody))
	if w := post(h, stagePath, form); w.Code != http.StatusForbidden {
		t.Errorf("%d", w.Code)
	}
}

func TestUnavailable(t *testing.T) {
	log := &bytes.Buffer{}
	for _, c := range []struct {
		err    error
		status int
		retry  string
	}{
		{pay.Errorf(pay.Unavailable, "overloaded", "no"), http.StatusServiceUnavailable, "5"},
		{errors.New("disk on fire"), http.StatusInternalServerError, ""},
	} {
		p := newPages(t, &stage{err: c.err}, func(d *Deps) {
			d.Log = slog.New(slog.NewTextHandler(log, nil))
		})
		w := get(handlerOf(p), stagePath)
		if w.Code != c.status || w.Header().Get("Retry-After") != c.retry {
			t.Errorf("%v: %d, Retry-After %q", c.err, w.Code, w.Header().Get("Retry-After"))
		}
		body := w.Body.String()
		if strings.Contains(body, "fire") || !strings.Contains(body, "do not pay again") {
			t.Errorf("%v: %s", c.err, body)
		}
	}
	if n := strings.Count(log.String(), "disk on fire"); n != 1 {
		t.Errorf("the defect was logged %d times", n)
	}
}

func TestViolations(t *testing.T) {
	log := &bytes.Buffer{}
	p := newPages(t, &stage{}, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(log, nil)) })
	h := handlerOf(p)
	send := func(body string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/checkout/csp-report", strings.NewReader(body))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusNoContent {
			t.Errorf("status %d", w.Code)
		}
	}
	send(`{"csp-report":{"document-uri":"https://pay.test` + stagePath + `",` +
		`"effective-directive":"script-src-elem",` +
		`"blocked-uri":"https://evil.test/x?key=` + stageKey + `"}}`)
	send(`{`)
	send(strings.Repeat("x", 2*maxReport))
	if got := log.String(); !strings.Contains(got, "blocked=https://evil.test\n") ||
		!strings.Contains(got, "script-src-elem") || strings.Contains(got, stageKey) {
		t.Errorf("logged %s", got)
	}
	for range 2 * maxReports {
		send(`{"csp-report":{"violated-directive":"style-src","blocked-uri":"inline"}}`)
	}
	if n := strings.Count(log.String(), "violation"); n != maxReports {
		t.Errorf("%d reports were logged, at most %d", n, maxReports)
	}
}

func TestHousehold(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "odd": "odd",
	} {
		if got := household(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func goodCard() url.Values {
	return url.Values{
		fieldMethod: {pay.MethodCard}, fieldNonce: {strings.Repeat("a", nonceLength)},
		fieldNumber: {"4242 4242 4242 4242"}, fieldExpiry: {"12 / 34"}, fieldCVC: {"123"},
		fieldHolder: {"Ama Mensah"},
	}
}
