package hosted

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// policy is the Content-Security-Policy of every page: our own files alone, no inline script or
// style, no frame around us, no form to anywhere else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; " +
	"object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'; " +
	"report-uri /checkout/csp-report"

// Limits of reports about the policy.
const (
	maxReport      = 8 << 10 // bytes
	maxReports     = 20      // logged within reportWindow
	reportWindow   = time.Minute
	maxReportField = 120 // bytes of one logged value
)

func securityHeaders(baseURL string) [][2]string {
	h := [][2]string{
		{"Content-Security-Policy", policy},
		{"X-Content-Type-Options", "nosniff"},
		// Not no-referrer: with it browsers send "Origin: null" on our own form.
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "accelerometer=(), camera=(), geolocation=(), gyroscope=(), " +
			"magnetometer=(), microphone=(), payment=(), usb=()"},
		{"X-Frame-Options", "DENY"},
		{"Cache-Control", "no-store"},
	}
	if strings.HasPrefix(baseURL, "https://") {
		h = append(h, [2]string{"Strict-Transport-Security", "max-age=31536000"})
	}
	return h
}

func (p *Pages) secure(w http.ResponseWriter) {
	for _, h := range p.headers {
		w.Header().Set(h[0], h[1])
	}
}

// guarded lets a form through only when the browser says that it comes from our own page, and
// bounds its size. A POST that says nothing about its origin is refused too: every browser that can
// show our page says something.
func (p *Pages) guarded(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		silent := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
		if silent || p.cross.Check(r) != nil {
			return pay.Errorf(pay.Forbidden, "cross_origin", "The form did not come from our page.")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		return h(w, r)
	}
}

// connectionIP is the address of the connection. Behind a proxy it is the proxy's, so whoever runs
// one sets Deps.ClientIP.
func connectionIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// household is the key under which attempts of a client are counted: an IPv4 address, or the /64 of
// an IPv6 one, which is the least that a network hands to one household.
func household(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap()
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr.WithZone(""), 64).Masked().String()
}

// violation logs what a browser refused under our policy. Addresses are cut to their origin: the
// page's own carries the page key.
func (p *Pages) violation(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusNoContent)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReport))
	if err != nil {
		return
	}
	var sent struct {
		Report struct {
			Directive string `json:"effective-directive"`
			Violated  string `json:"violated-directive"`
			Blocked   string `json:"blocked-uri"`
		} `json:"csp-report"`
	}
	if json.Unmarshal(body, &sent) != nil {
		return
	}
	if ok, _ := p.reports.Allow(""); !ok {
		return
	}
	directive := sent.Report.Directive
	if directive == "" {
		directive = sent.Report.Violated
	}
	p.log.WarnContext(r.Context(), "checkout page: browser reports a policy violation",
		"directive", shorten(directive), "blocked", shorten(originOf(sent.Report.Blocked)))
}

func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		scheme, _, _ := strings.Cut(raw, ":")
		return scheme // "inline", "eval", "data"
	}
	return u.Scheme + "://" + u.Host
}

func shorten(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxReportField)], "")
}
