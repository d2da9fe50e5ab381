package server_test

import (
	"net/http"
	"net/url"
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
