package wire_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/returnurl"
)

// refused fails unless err is a pay.Error of the kind Invalid with this code and field.
func refused(t *testing.T, what string, err error, code, param string) {
	t.Helper()
	var e *pay.Error
	if !errors.As(err, &e) || e.Kind != pay.Invalid || e.Code != code || e.Param != param ||
		e.Message == "" {
		t.Errorf("%s: got %v, want %s %q", what, err, code, param)
	}
}

func TestIdempotencyKey(t *testing.T) {
	long := strings.Repeat("k", wire.MaxIdempotencyKey)
	tests := []struct {
		name          string
		standard, old []string
		body          string
		want, bad     string
	}{
		{name: "none"},
		{name: "standard", standard: []string{"a b~!"}, want: "a b~!"},
		{name: "old", old: []string{"k"}, want: "k"},
		{name: "body", body: "k", want: "k"},
		{name: "all agree", standard: []string{"k", "k"}, old: []string{"k"}, body: "k", want: "k"},
		{name: "longest", standard: []string{long}, want: long},
		{name: "too long", standard: []string{long + "k"}, bad: "Idempotency-Key"},
		{name: "too long in body", body: long + "k", bad: "idempotency_key"},
		{name: "empty header", standard: []string{""}, bad: "Idempotency-Key"},
		{name: "empty old header", old: []string{""}, body: "k", bad: "X-Idempotency-Key"},
		{name: "not ASCII", old: []string{"ké"}, bad: "X-Idempotency-Key"},
		{name: "control", body: "k\n", bad: "idempotency_key"},
		{name: "delete", body: "k\x7f", bad: "idempotency_key"},
		{name: "two headers", standard: []string{"a"}, old: []string{"b"}, bad: "X-Idempotency-Key"},
		{name: "twice", standard: []string{"a", "b"}, bad: "Idempotency-Key"},
		{name: "body differs", old: []string{"a"}, body: "b", bad: "idempotency_key"},
		{name: "case differs", standard: []string{"a"}, body: "A", bad: "idempotency_key"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header["Idempotency-Key"], r.Header["X-Idempotency-Key"] = tt.standard, tt.old
		got, err := wire.IdempotencyKey(r, tt.body)
		if tt.bad != "" {
			refused(t, tt.name, err, wire.CodeIdempotencyKey, tt.bad)
		} else if err != nil || got != tt.want {
			t.Errorf("%s: got %q %v", tt.name, got, err)
		}
	}
}

func fingerprint(t *testing.T, body string) [32]byte {
	t.Helper()
	var dst struct {
		Amount   *int64            `json:"amount"`
		Text     *string           `json:"text"`
		Key      *string           `json:"idempotency_key"`
		Metadata map[string]string `json:"metadata"`
		Events   []string          `json:"events"`
		Raw      *json.RawMessage  `json:"raw"`
		Note     wire.Null[string] `json:"note,omitzero"`
		Method   *struct {
			Key *string `json:"idempotency_key"`
		} `json:"method"`
	}
	if err := wire.DecodeBytes([]byte(body), &dst); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	byValue := wire.Fingerprint("POST", "/v1/x", dst)
	if byPointer := wire.Fingerprint("POST", "/v1/x", &dst); byPointer != byValue {
		t.Errorf("%s: a pointer has another fingerprint", body)
	}
	return byValue
}

func TestFingerprint(t *testing.T) {
	same := [][]string{
		{`{}`, ` { } `, `{"idempotency_key":"a"}`, `{"idempotency_key":null}`, `{"amount":null}`},
		{`{"amount":5,"text":"é/"}`, `{"text":"\u00e9\/", "amount" : 5, "idempotency_key":"b"}`},
		{`{"metadata":{"a":"1","b":"2"}}`, `{"metadata":{"b":"2","a":"1"}}`},
		{`{"raw":{"a":1,"b":[{"c":2,"d":3}]}}`, `{"raw":{"b" : [{"d":3,"c":2}],"\u0061":1}}`},
	}
	different := []string{
		`{}`, `{"amount":0}`, `{"amount":5}`, `{"amount":50}`, `{"text":""}`, `{"text":"5"}`,
		`{"metadata":{}}`, `{"metadata":{"a":"1"}}`, `{"metadata":{"a":"2"}}`, `{"events":[]}`,
		`{"events":["a","b"]}`, `{"events":["b","a"]}`, `{"events":["a,b"]}`, `{"note":null}`,
		`{"note":""}`, `{"raw":1}`, `{"raw":1.0}`, `{"raw":"1"}`, `{"raw":[]}`, `{"raw":{}}`,
		`{"raw":9007199254740993}`, `{"raw":9007199254740992}`, `{"method":{}}`,
		`{"method":{"idempotency_key":"a"}}`,
	}
	for _, bodies := range same {
		for _, body := range bodies {
			if fingerprint(t, body) != fingerprint(t, bodies[0]) {
				t.Errorf("%s and %s differ", bodies[0], body)
			}
		}
	}
	seen := map[[32]byte]string{}
	for _, body := range different {
		if other, ok := seen[fingerprint(t, body)]; ok {
			t.Errorf("%s and %s are the same", other, body)
		}
		seen[fingerprint(t, body)] = body
	}
	requests := [][2]string{{"POST", "/a"}, {"POST", "/b"}, {"PUT", "/a"}, {"POS", "T/a"}, {"", ""}}
	for _, q := range requests {
		for _, dst := range []any{nil, &item{}} {
			h := wire.Fingerprint(q[0], q[1], dst)
			if other, ok := seen[h]; ok {
				t.Errorf("%v and %s are the same", q, other)
			}
			seen[h] = q[0] + " " + q[1]
		}
	}
}

// asked is what a list route reads.
type asked struct {
	limit                   int
	status, after, customer string
}

func ask(query string) (asked, error) {
	r := httptest.NewRequest("GET", "/v1/checkout/sessions", nil)
	r.URL.RawQuery = query
	p := wire.Query(r)
	page := p.Page()
	states := map[string]string{"open": "open", "complete": "complete"}
	a := asked{page.Limit, wire.Choice(p, "status", states), page.After, p.String("customer", 10)}
	return a, p.Err()
}

func TestQuery(t *testing.T) {
	const id = "cs_01j9w2q8zr5k3m7n4p6t1v0xya"
	good := []struct {
		query string
		want  asked
	}{
		{"", asked{10, "", "", ""}},
		{"limit=1", asked{1, "", "", ""}},
		{"limit=100&status=open", asked{100, "open", "", ""}},
		{"starting_after=" + id + "&customer=c%C3%A9+1", asked{10, "", id, "cé 1"}},
	}
	for _, tt := range good {
		if got, err := ask(tt.query); err != nil || got != tt.want {
			t.Errorf("%s: got %v %v", tt.query, got, err)
		}
	}
	const invalid = wire.CodeParameterInvalid
	bad := []struct{ query, code, param string }{
		{"limit=0", invalid, "limit"},
		{"limit=101", invalid, "limit"},
		{"limit=-1", invalid, "limit"},
		{"limit=+5", invalid, "limit"},
		{"limit=%2B5", invalid, "limit"},
		{"limit=05", invalid, "limit"},
		{"limit=5.0", invalid, "limit"},
		{"limit=ten", invalid, "limit"},
		{"limit=", invalid, "limit"},
		{"limit", invalid, "limit"},
		{"limit=99999999999999999999", invalid, "limit"},
		{"limit=5&limit=5", wire.CodeParameterDuplicate, "limit"},
		{"status=closed", invalid, "status"},
		{"status=Open", invalid, "status"},
		{"status=", invalid, "status"},
		{"starting_after=" + strings.Repeat("x", wire.MaxID+1), invalid, "starting_after"},
		{"customer=12345678901", invalid, "customer"},
		{"customer=a%00", invalid, "customer"},
		{"customer=%ff", invalid, "customer"},
		{"customer=a%0Ab", invalid, "customer"},
		{"Limit=5", wire.CodeParameterUnknown, "Limit"},
		{"ending_before=x&zzz=1", wire.CodeParameterUnknown, "ending_before"},
		{"limit=0&zzz=1", invalid, "limit"},
		{"a%00%ff=1", wire.CodeParameterUnknown, "a\ufffd\ufffd"},
		{"=1", wire.CodeParameterUnknown, ""},
		{"limit=%zz", invalid, ""},
		{"limit=5;status=open", invalid, ""},
	}
	for _, tt := range bad {
		_, err := ask(tt.query)
		refused(t, tt.query, err, tt.code, tt.param)
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("limit=5&status=open")
	f.Add("limit=%zz;&x=\xff")
	f.Fuzz(func(t *testing.T, query string) {
		got, err := ask(query)
		var e *pay.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != pay.Invalid) {
			t.Fatalf("%q: %v", query, err)
		}
		if got.limit < 1 || got.limit > wire.MaxLimit || len(got.customer) > 40 {
			t.Fatalf("%q: %v", query, got)
		}
	})
}

func TestBearer(t *testing.T) {
	tests := []struct {
		header []string
		want   string
	}{
		{[]string{"Bearer sk_test_demo"}, "sk_test_demo"},
		{[]string{"bearer sk_test_demo"}, "sk_test_demo"},
		{[]string{"BEARER a-._~+/=9"}, "a-._~+/=9"},
		{[]string{"Bearer " + strings.Repeat("a", 512)}, strings.Repeat("a", 512)},
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"Bearer"}, ""},
		{[]string{"Bearer "}, ""},
		{[]string{"Bearer  x"}, ""},
		{[]string{"Bearer x y"}, ""},
		{[]string{"Bearer x,y"}, ""},
		{[]string{"Bearer é"}, ""},
		{[]string{"Bearer\tx"}, ""},
		{[]string{"Basic sk_test_demo"}, ""},
		{[]string{"sk_test_demo"}, ""},
		{[]string{"Bearer " + strings.Repeat("a", 513)}, ""},
		{[]string{"Bearer a", "Bearer b"}, ""},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = tt.header
		if got, ok := wire.Bearer(r); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%q: got %q %v", tt.header, got, ok)
		}
	}
}

func TestClientIP(t *testing.T) {
	trusted := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
	}
	tests := []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:1234", nil, "192.0.2.1"},
		{"[2001:db8::1]:1234", nil, "2001:db8::1"},
		{"[::ffff:192.0.2.1]:1234", nil, "192.0.2.1"},
		{"[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"192.0.2.1:1234", []string{"203.0.113.9"}, "192.0.2.1"}, // not from a proxy of ours
		{"10.0.0.1:1234", nil, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"}, // made up by the client
		{"10.0.0.1:1234", []string{"1.1.1.1", "203.0.113.9,10.0.0.2"}, "203.0.113.9"},
		{"10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:1234", []string{"203.0.113.9, nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"203.0.113.9, , 10.0.0.2"}, "10.0.0.2"},
		{"[::ffff:10.0.0.1]:1234", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"[fd00::1]:1234", []string{"2001:db8::7%x"}, "2001:db8::7"},
		{"@", []string{"203.0.113.9"}, "invalid IP"},
		{"", nil, "invalid IP"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.remote
		r.Header["X-Forwarded-For"] = tt.forwarded
		if got := wire.ClientIP(r, trusted).String(); got != tt.want {
			t.Errorf("%s %q: got %s, want %s", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

func TestAddrKey(t *testing.T) {
	key := func(s string) string { return wire.AddrKey(netip.MustParseAddr(s)) }
	if key("192.0.2.1") != "192.0.2.1" || key("192.0.2.1") == key("192.0.2.2") {
		t.Error("IPv4")
	}
	if key("2001:db8::1") != key("2001:db8::ffff:1") || key("2001:db8::1") == key("2001:db8:0:1::1") {
		t.Error("IPv6")
	}
	if wire.AddrKey(netip.Addr{}) == "" {
		t.Error("no address")
	}
}

func TestThrottle(t *testing.T) {
	now := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var l wire.Limiter = limit.NewWindow(1, 1500*time.Millisecond, clock)
	w := httptest.NewRecorder()
	if err := wire.Throttle(w, l, "a"); err != nil || len(w.Header()) != 0 {
		t.Fatalf("got %v %v", err, w.Header())
	}
	err := wire.Throttle(w, l, "a")
	var e *pay.Error
	if !errors.As(err, &e) || e.Kind != pay.Unavailable || e.Code != wire.CodeRateLimitExceeded {
		t.Errorf("got %v", err)
	}
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %s", got)
	}
	now = now.Add(1499999 * time.Microsecond)
	if wire.Throttle(w, l, "a") == nil || w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %s", w.Header().Get("Retry-After"))
	}
	now = now.Add(time.Microsecond)
	if err := wire.Throttle(w, l, "a"); err != nil {
		t.Error(err)
	}
	slow := limit.NewBucket(1e-300, 1, clock)
	slow.Allow("a")
	if wire.Throttle(w, slow, "a") == nil || w.Header().Get("Retry-After") != "86400" {
		t.Errorf("Retry-After %s", w.Header().Get("Retry-After"))
	}
}

func TestReturnURL(t *testing.T) {
	p := returnurl.Policy{AnyOrigin: true}
	if err := wire.ReturnURL("success_url", "https://shop.test/", p); err != nil {
		t.Error(err)
	}
	err := wire.ReturnURL("success_url", "javascript:alert(1)", p)
	refused(t, "javascript", err, wire.CodeParameterInvalid, "success_url")
	if !strings.Contains(err.Error(), "success_url must begin with https://.") {
		t.Error(err)
	}
}

func TestRaw(t *testing.T) {
	w := httptest.NewRecorder()
	doc := map[string]string{"url": "https://shop.test/?a=1&b=<{é}>"}
	wire.Raw(w, http.StatusCreated, wire.Encode(doc))
	const want = `{"url":"https://shop.test/?a=1&b=<{é}>"}`
	if w.Code != http.StatusCreated || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Content-Length": "41", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		"cs_01j9w2q8zr5k3m7n4p6t1v0xya": true, "0": true, strings.Repeat("a", wire.MaxID): true,
		"": false, strings.Repeat("a", wire.MaxID+1): false, "CS_1": false, "cs-1": false,
		"cs_é": false, "cs_1\n": false, "../cs_1": false, "cs_\xff": false,
	} {
		if got := wire.IsID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]bool{
		"ok": true, "éé€": true, "": false, "four": false, "a\t": false, "a\x00": false,
		"a\u0085": false, "\xff": false,
	} {
		if got := wire.Plain(text, 3); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := wire.Printable("a\né€-and-so-on", 8); got != "a???-" {
		t.Errorf("printable: %q", got)
	}
}
