package server_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCanary_NobodyIsInTheLog lets people pay from PayIDs, accounts and phones, also such as the
// networks know nothing of or do not answer about, and then looks for them in the log.
func TestCanary_NobodyIsInTheLog(t *testing.T) {
	l := serve(t, devConfig(t.TempDir()))
	persons := []string{"mira.okafor", "412345678", "412349905", "412349906", "412349931",
		"73194655", "241234567", "Okafor"}
	l.post("/v1/customers", `{"email":"mira.okafor@example.test","phone":"+61412345678",
		"name":"Mira Okafor"}`)
	l.get("/v1/customers?email=mira.okafor@example.test")
	for _, method := range []string{
		`"payid":"mira.okafor@example.test"`, `"payid":"0412 345 678"`, `"payid":"+61412349905"`,
		`"payid":"0412349906"`, `"payid":"0412349931"`, `"bsb":"062-000","account":"73194655"`,
		`"bsb":"999-999","account":"73194655"`, `"payid":"mira.okafor"`,
	} {
		var s session
		l.post("/v1/checkout/sessions",
			strings.Replace(newSession, "{", `{"currency":"AUD",`, 1)).into(t, &s)
		l.post("/v1/test_helpers/sessions/"+s.ID+"/pay",
			`{"payment_method":{"type":"payto",`+method+`}}`)
		path := strings.TrimPrefix(s.URL, l.base)
		name, value, _ := strings.Cut(strings.ReplaceAll(method, `"`, ""), ":")
		value, _, _ = strings.Cut(value, ",")
		l.do(l.form(path, url.Values{"nonce": {strings.Repeat("0", 26)}, "method": {"payto"},
			"kind": {"payid"}, name: {value}}))
		l.get(path + "&payid=" + url.QueryEscape(value))
		l.get("/v1/payments/" + url.PathEscape(value))
	}
	l.post("/v1/test_helpers/sessions/"+l.open().ID+"/pay",
		`{"payment_method":{"type":"mobile_money","phone":"0241234567"}}`)
	l.wpay(http.MethodGet, "", "/buyers/mira.okafor@example.test/instruments", "")
	var agreements struct{ Data []struct{ ID string } }
	l.get("/v1/test_helpers/agreements").into(t, &agreements)
	if len(agreements.Data) < 3 {
		t.Errorf("the network was asked for %d agreements alone", len(agreements.Data))
	}
	if err := l.end(); err != nil {
		t.Error(err)
	}
	log := l.logs.String()
	if strings.Count(log, "msg=request") < 20 {
		t.Errorf("the log says too little to be judged:\n%s", log)
	}
	for _, p := range persons {
		if i := strings.Index(log, p); i >= 0 {
			t.Errorf("the log tells of %s: …%s…", p, log[max(0, i-200):min(len(log), i+50)])
		}
	}
}

// TestCanary_AddressesOfPagesAreNotStored opens sessions and mandates in every protocol, under
// idempotency keys and with receivers of webhooks, and then searches every file of the server for
// the keys of their pages: whoever gets hold of a copy of the database cannot open them. (A
// simulated network keeps the address that its payer comes back to, as an outside one would.)
func TestCanary_AddressesOfPagesAreNotStored(t *testing.T) {
	dir := t.TempDir()
	l := serve(t, devConfig(dir))
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer sink.Close()
	l.post("/v1/webhooks", `{"url":"`+sink.URL+`","events":["*"]}`)
	l.post("/collect/webhook_endpoints", `{"url":"`+sink.URL+`"}`)
	l.post("/collect/webhook_endpoints", `{"url":"http://127.0.0.1:1/"}`) // waits for ever
	keyed := func(path, body string) answer {
		req := l.request(http.MethodPost, path, body)
		req.Header.Set("Idempotency-Key", "once")
		return l.do(req)
	}
	var native, paid session
	keyed("/v1/checkout/sessions", newSession).into(t, &native)
	var embedded struct {
		Client string `json:"client_token"`
		URL    string `json:"session_url"`
	}
	keyed("/collect/payment_sessions", `{"amount":100,"currency":"GHS","options":
		{"checkout_options":{"presentation_mode":{"mode":"embedded_modal"}}}}`).into(t, &embedded)
	var series session
	l.post("/collect/payment_sessions",
		`{"type":"first_in_series","amount":100,"currency":"GHS"}`).into(t, &series)
	l.post("/v1/test_helpers/sessions/"+series.ID+"/pay", payBody(visa, "123"))
	_, manage, _ := strings.Cut(l.get("/collect/mandates").body, "/mandates/")
	paid.URL, _, _ = strings.Cut(manage, `"`)
	var wpay struct {
		URL string `json:"redirectUrl"`
	}
	l.wpay(http.MethodPost, "", "/session/checkout", `{"merchantReturnUrl":"https://shop.test/back",
		"buyer":{"buyerId":"b","name":"Mira Okafor"},"payment":{"paymentId":"p","amount":100},
		"instrument":{"instrumentId":"i","type":"OneOff"}}`).into(t, &wpay)
	keys := []string{pageKey(t, native), pageKey(t, session{URL: embedded.URL}), pageKey(t, paid),
		embedded.Client[strings.LastIndexByte(embedded.Client, '.')+1:],
		wpay.URL[strings.LastIndexByte(wpay.URL, '.')+1:]}
	if len(keys[4]) < 32 {
		t.Fatalf("no key in %s", wpay.URL)
	}
	l.eventually("webhooks are sent", func() bool {
		return strings.Contains(l.get("/v1/events").body, "mandate")
	})
	if err := l.end(); err != nil {
		t.Error(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for i, key := range keys {
			if bytes.Contains(text, []byte(key)) {
				t.Errorf("%s holds key %d of %d", path, i+1, len(keys))
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
