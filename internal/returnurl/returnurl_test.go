package returnurl_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/returnurl"
)

const id = "cs_01j9w2q8zr5k3m7n4p6t1v0xya"

var (
	live = returnurl.Policy{AnyOrigin: true}
	test = returnurl.Policy{AnyOrigin: true, AllowLoopbackHTTP: true}
	shop = returnurl.Policy{Origins: []string{
		"https://shop.test", "https://Shop.test:8443/", "https://192.0.2.7", "not an origin",
	}}
)

func TestCheck_Accepts(t *testing.T) {
	tests := []struct {
		raw    string
		policy returnurl.Policy
	}{
		{"https://shop.test", live},
		{"https://shop.test/", live},
		{"HTTPS://SHOP.TEST/Done", live},
		{"https://shop.test/done?session_id={CHECKOUT_SESSION_ID}", live},
		{"https://shop.test/{CHECKOUT_SESSION_ID}/x", live},
		{"https://shop.test/#/done/{CHECKOUT_SESSION_ID}", live},
		{"https://shop.test?id=%7BCHECKOUT_SESSION_ID%7D", live},
		{"https://shop.test#%7bCHECKOUT_SESSION_ID%7d", live},
		{"https://shop.test/?q={other}&p=100%", live},
		{"https://shop.test/x?next=https://other.test/@a:b", live},
		{"https://shop.test//other.test", live},
		{"https://shop.test/../..", live},
		{"https://xn--bcher-kva.test/", live},
		{"https://shop.test/bücher?q=日本", live},
		{"https://a.b.c.d.shop.test:1/", live},
		{"https://192.0.2.7/", live},
		{"https://[2001:db8::7]:8443/", live},
		{"https://intranet/", live},
		{"https://shop.test/" + strings.Repeat("a", returnurl.MaxLength-18), live},
		{"http://localhost:3000/done", test},
		{"http://LOCALHOST/", test},
		{"http://shop.localhost:8080/", test},
		{"http://127.0.0.1:3000/?x={CHECKOUT_SESSION_ID}", test},
		{"http://127.9.9.9/", test},
		{"http://[::1]:3000/", test},
		{"https://localhost/", test},
		{"http://localhost:3000/", returnurl.Policy{AllowLoopbackHTTP: true}},
		{"https://shop.test:443/", shop},
		{"https://SHOP.test/x", shop},
		{"https://shop.test:8443/x", shop},
		{"https://192.0.2.7:443", shop},
	}
	for _, tt := range tests {
		if err := returnurl.Check(tt.raw, tt.policy); err != nil {
			t.Errorf("%.80q: %v", tt.raw, err)
		}
	}
}

func TestCheck_Refuses(t *testing.T) {
	long := "https://shop.test/" + strings.Repeat("a", returnurl.MaxLength-17)
	tests := []struct {
		raw    string
		policy returnurl.Policy
		reason string
	}{
		{"", test, "empty"},
		{long, test, "longer"},
		{"javascript:alert(1)", test, "https://"},
		{"JaVaScRiPt://shop.test/%0aalert(1)", test, "https://"},
		{"javascript:alert(1)//https://shop.test", test, "https://"},
		{"data:text/html,x", test, "https://"},
		{"vbscript://shop.test", test, "https://"},
		{"file:///etc/passwd", test, "https://"},
		{"ftp://shop.test/", test, "https://"},
		{"blob:https://shop.test/1", test, "https://"},
		{"view-source:https://shop.test", test, "https://"},
		{"intent://shop.test/", test, "https://"},
		{"about:blank", test, "https://"},
		{"shop.test/done", test, "https://"},
		{"/done", test, "https://"},
		{"//shop.test/done", test, "https://"},
		{"://shop.test", test, "https://"},
		{"?https://shop.test", test, "https://"},
		{"https:shop.test", test, "https://"},
		{"https:/shop.test", test, "https://"},
		{"https:///shop.test", test, "host"},
		{"https:////shop.test", test, "host"},
		{"https://", test, "host"},
		{"https://?x", test, "host"},
		{"https://#x", test, "host"},
		{"https:\\\\shop.test", test, "backslash"},
		{"https://shop.test\\@other.test", test, "backslash"},
		{"https://shop.test/\\x", test, "backslash"},
		{"https://user@shop.test/", test, "user name"},
		{"https://user:pass@shop.test/", test, "user name"},
		{"https://shop.test@other.test/", test, "user name"},
		{"https://@shop.test/", test, "user name"},
		{"https://shop.test:443@other.test/", test, "user name"},
		{" https://shop.test", test, "spaces"},
		{"https://shop.test/ x", test, "spaces"},
		{"https://shop.test/\u00a0x", test, "spaces"},
		{"https://shop.test/\u3000x", test, "spaces"},
		{"https://shop.test/\tx", test, "control"},
		{"java\nscript:alert(1)", test, "control"},
		{"https://sh\r\nop.test/", test, "control"},
		{"https://shop.test/\x00", test, "control"},
		{"https://shop.test/\x7f", test, "control"},
		{"https://shop.test/\u0085", test, "control"},
		{"https://shop.test/\u202egnp.exe", test, "invisible"},
		{"https://shop.test/\u200b", test, "invisible"},
		{"https://shop.test/\ufeff", test, "invisible"},
		{"https://shop.test/\"onload=\"", test, "quotes"},
		{"https://shop.test/<script>", test, "angle"},
		{"https://shop.test/\xff", test, "UTF-8"},
		{"https://bücher.test/", test, "punycode"},
		{"https://shop\u3002test/", test, "punycode"},
		{"https://s\u212aop.test/", test, "punycode"},
		{"https://ｓhop.test/", test, "punycode"},
		{"https://{CHECKOUT_SESSION_ID}/", test, "punycode"},
		{"https://{CHECKOUT_SESSION_ID}.shop.test/", test, "punycode"},
		{"https://%7BCHECKOUT_SESSION_ID%7D.shop.test/", test, "punycode"},
		{"https://{CHECKOUT_SESSION_ID}@shop.test/", test, "user name"},
		{"https://shop.test:{CHECKOUT_SESSION_ID}/", test, "port"},
		{"{CHECKOUT_SESSION_ID}://shop.test/", test, "https://"},
		{"{CHECKOUT_SESSION_ID}", test, "https://"},
		{"https://shop%2etest/", test, "punycode"},
		{"https://shop.test%00.other.test/", test, "punycode"},
		{"https://shop_1.test/", test, "punycode"},
		{"https://shop.test./", test, "host name"},
		{"https://.shop.test/", test, "host name"},
		{"https://shop..test/", test, "host name"},
		{"https://-shop.test/", test, "host name"},
		{"https://" + strings.Repeat("a", 64) + ".test/", test, "host name"},
		{"https://" + strings.Repeat("a.", 127) + "test/", test, "host"},
		{"https://shop.test:/", test, "port"},
		{"https://shop.test:0/", test, "port"},
		{"https://shop.test:65536/", test, "port"},
		{"https://shop.test:0443/", test, "port"},
		{"https://shop.test:+443/", test, "port"},
		{"https://shop.test:-1/", test, "port"},
		{"https://shop.test:443:443/", test, "host"},
		{"https://2130706433/", test, "host"},
		{"https://0x7f000001/", test, "host"},
		{"https://0x7f.1/", test, "host"},
		{"https://127.1/", test, "host"},
		{"https://0177.0.0.1/", test, "host"},
		{"https://1.2.3.4.5/", test, "host"},
		{"https://shop.0x/", test, "host"},
		{"https://0.0.0.0/", test, "host"},
		{"https://[::]/", test, "host"},
		{"https://[::1/", test, "host"},
		{"https://::1/", test, "host"},
		{"https://[fe80::1%25eth0]/", test, "host"},
		{"https://[127.0.0.1]/", test, "host"},
		{"https://[::1]x/", test, "port"},
		{"https://shop.test/%zz", test, "well-formed"},
		{"https://shop.test/#%zz", test, "well-formed"},
		{"http://shop.test/", live, "https://"},
		{"http://shop.test/", test, "https://"},
		{"http://localhost.shop.test/", test, "https://"},
		{"http://notlocalhost/", test, "https://"},
		{"http://localhost/", live, "localhost"},
		{"https://localhost/", live, "localhost"},
		{"https://127.0.0.1/", live, "localhost"},
		{"https://[::ffff:127.0.0.1]/", live, "localhost"},
		{"https://shop.test/", returnurl.Policy{}, "registered"},
		{"https://other.test/", shop, "registered"},
		{"https://shop.test.other.test/", shop, "registered"},
		{"https://evilshop.test/", shop, "registered"},
		{"https://www.shop.test/", shop, "registered"},
		{"https://shop.test:8444/", shop, "registered"},
		{"https://192.0.2.8/", shop, "registered"},
		{"https://other.test/?https://shop.test", shop, "registered"},
		{"https://other.test#@shop.test", shop, "registered"},
	}
	for _, tt := range tests {
		err := returnurl.Check(tt.raw, tt.policy)
		var e *returnurl.Error
		if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.reason) {
			t.Errorf("%.80q: got %v, want %q", tt.raw, err, tt.reason)
		}
	}
}

func TestOrigin(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"HTTPS://Shop.Test:443/x?y#z", "https://shop.test"},
		{"https://shop.test:8443", "https://shop.test:8443"},
		{"http://localhost:80/", "http://localhost"},
		{"http://[::1]:3000/", "http://[::1]:3000"},
	}
	for _, tt := range tests {
		if got, err := returnurl.Origin(tt.raw); err != nil || got != tt.want {
			t.Errorf("%s: got %q %v, want %q", tt.raw, got, err, tt.want)
		}
	}
	if got, err := returnurl.Origin("https://a@b/"); err == nil {
		t.Errorf("got %q", got)
	}
}

func TestSubstitute(t *testing.T) {
	tests := []struct{ raw, id, want string }{
		{"https://shop.test/done?s={CHECKOUT_SESSION_ID}", id, "https://shop.test/done?s=" + id},
		{"https://shop.test/%7BCHECKOUT_SESSION_ID%7D", "cs_1", "https://shop.test/cs_1"},
		{"https://shop.test/%7bCHECKOUT_SESSION_ID%7d", "cs_1", "https://shop.test/cs_1"},
		{"https://shop.test/%7bCHECKOUT_SESSION_ID%7D", "cs_1", "https://shop.test/cs_1"},
		{
			"https://shop.test/{CHECKOUT_SESSION_ID}?a={CHECKOUT_SESSION_ID}#%7BCHECKOUT_SESSION_ID%7D",
			"cs_1", "https://shop.test/cs_1?a=cs_1#cs_1",
		},
		{"https://shop.test/", "cs_1", "https://shop.test/"},
		{"https://shop.test/{checkout_session_id}", "cs_1", "https://shop.test/{checkout_session_id}"},
		{"https://shop.test/CHECKOUT_SESSION_ID", "cs_1", "https://shop.test/CHECKOUT_SESSION_ID"},
		{"https://shop.test/%257BCHECKOUT_SESSION_ID%257D", "cs_1",
			"https://shop.test/%257BCHECKOUT_SESSION_ID%257D"},
		{"https://shop.test/{{CHECKOUT_SESSION_ID}}", "cs_1", "https://shop.test/{cs_1}"},
		{"https://shop.test/{CHECKOUT_{CHECKOUT_SESSION_ID}SESSION_ID}", "",
			"https://shop.test/{CHECKOUT_SESSION_ID}"},
		{"https://shop.test/{CHECKOUT_SESSION_ID}", "a b/c?d#e&f=g%h+@é\r\n",
			"https://shop.test/a%20b%2Fc%3Fd%23e%26f%3Dg%25h%2B%40%C3%A9%0D%0A"},
		{"https://shop.test/{CHECKOUT_SESSION_ID}", "{CHECKOUT_SESSION_ID}",
			"https://shop.test/%7BCHECKOUT_SESSION_ID%7D"},
		{"https://shop.test/é?q=日", "cs_1", "https://shop.test/%C3%A9?q=%E6%97%A5"},
		{"HTTPS://Shop.test?{CHECKOUT_SESSION_ID}", "cs_1", "HTTPS://Shop.test?cs_1"},
		{"http://localhost:3000/{CHECKOUT_SESSION_ID}", "cs_1", "http://localhost:3000/cs_1"},
		{"https://{CHECKOUT_SESSION_ID}/", "cs_1", ""},
		{"https://{CHECKOUT_SESSION_ID}.shop.test/", "other.test/", ""},
		{"javascript:'{CHECKOUT_SESSION_ID}'", "cs_1", ""},
		{"{CHECKOUT_SESSION_ID}", "https://other.test", ""},
		{"", "cs_1", ""},
	}
	for _, tt := range tests {
		if got := returnurl.Substitute(tt.raw, tt.id); got != tt.want {
			t.Errorf("Substitute(%q, %q) = %q, want %q", tt.raw, tt.id, got, tt.want)
		}
	}
}

// FuzzReturnURL checks what must hold for every address that passes: it is ASCII after the
// substitution, without a placeholder, safe in a header, and net/url sees the same origin.
func FuzzReturnURL(f *testing.F) {
	for _, seed := range []string{
		"https://shop.test/done?s={CHECKOUT_SESSION_ID}",
		"http://localhost:3000/#%7bCHECKOUT_SESSION_ID%7D",
		"https://shop.test\\@x", "https://[::1]/", "https://0x7f.1/", "javascript:alert(1)",
		"https://shop.test:443@x/", "https:///x", "HTTPS://é/", "https://shop.test/é\u202e",
	} {
		f.Add(seed, id)
	}
	f.Add("https://shop.test/{CHECKOUT_SESSION_ID}", "/../@x:1?#%\r\n{}")
	f.Add("com.shop.app://return/?s={CHECKOUT_SESSION_ID}", "ps_1")
	f.Add("javascript://%0aalert(1)/{CHECKOUT_SESSION_ID}", "ps_1")
	f.Fuzz(func(t *testing.T, raw, session string) {
		before, err := returnurl.Origin(raw)
		out := returnurl.Substitute(raw, session)
		if u, perr := url.Parse(out); err != nil && out != "" && perr == nil &&
			returnurl.IsApp(u.Scheme+"://") {
			ofApp(t, raw, u)
			return
		}
		if err != nil {
			if out != "" || returnurl.Check(raw, test) == nil {
				t.Fatalf("%q has no origin and passes: %q", raw, out)
			}
			return
		}
		u, err := url.Parse(out)
		if err != nil || out == "" {
			t.Fatalf("%q becomes %q: %v", raw, out, err)
		}
		if u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Host == "" {
			t.Fatalf("%q becomes %q", raw, out)
		}
		if after, err := returnurl.Origin(u.Scheme + "://" + u.Host); err != nil || after != before {
			t.Fatalf("%q leaves %s for %s", raw, before, after)
		}
		for i := range len(out) {
			if c := out[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>`", c) >= 0 {
				t.Fatalf("%q becomes %q", raw, out)
			}
		}
		if !utf8.ValidString(raw) || len(raw) > returnurl.MaxLength {
			t.Fatalf("%q passes", raw)
		}
		if u.Scheme == "http" && returnurl.Check(raw, live) == nil {
			t.Fatalf("%q passes in live mode", raw)
		}
	})
}

// ofApp checks what must hold for every address of an app: it passes where that app is registered
// and nowhere else.
func ofApp(t *testing.T, raw string, out *url.URL) {
	t.Helper()
	p := test
	if returnurl.Check(raw, p) == nil {
		t.Fatalf("%q passes without being registered", raw)
	}
	if p.Origins = []string{"x" + out.Scheme + "://"}; returnurl.Check(raw, p) == nil {
		t.Fatalf("%q passes for another app", raw)
	}
	if p.Origins = []string{out.Scheme + "://"}; returnurl.Check(raw, p) != nil {
		t.Fatalf("%q is registered and does not pass", raw)
	}
	if !strings.EqualFold(raw[:len(out.Scheme)], out.Scheme) || out.User != nil || out.Host == "" {
		t.Fatalf("%q becomes %q", raw, out)
	}
}

func TestApps_AreAllowedOnceTheyAreRegistered(t *testing.T) {
	policy := returnurl.Policy{Origins: []string{"https://shop.test", "com.shop.app://"}}
	for raw, want := range map[string]bool{
		"com.shop.app://return?x=1":                   true,
		"COM.shop.app://return/a#b":                   true,
		"com.shop.app://return/{CHECKOUT_SESSION_ID}": true,
		"com.shop.app:return":                         false,
		"com.shop.app:///return":                      false,
		"com.shop.app://user@return":                  false,
		"com.shop.app://{CHECKOUT_SESSION_ID}/x":      false,
		"com.shop.other://return":                     false,
		"javascript://shop.test/%0aalert(1)":          false,
		"data://text/html,x":                          false,
		"\u212aapp://return":                          false,
	} {
		if err := returnurl.Check(raw, policy); (err == nil) != want {
			t.Errorf("%q: %v", raw, err)
		}
	}
	const raw = "com.shop.app://return/?a=1&s={CHECKOUT_SESSION_ID}"
	if got := returnurl.Substitute(raw, "ps_1"); got != "com.shop.app://return/?a=1&s=ps_1" {
		t.Errorf("becomes %q", got)
	}
	if o, err := returnurl.Origin("com.shop.app://return"); err == nil {
		t.Errorf("an app has the origin %q", o)
	}
	for text, want := range map[string]bool{
		"com.shop.app://": true, "my-app+1://": true, "app://": true,
		"com.shop.app": false, "com.shop.app:": false, "com.shop.app://x": false, "://": false,
		"a://": false, "1app://": false, "My.App://": false, "my_app://": false,
		"javascript://": false, "https://": false, "intent://": false, "file://": false,
		strings.Repeat("a", 65) + "://": false,
	} {
		if returnurl.IsApp(text) != want {
			t.Errorf("IsApp(%q) is %v", text, !want)
		}
	}
}
