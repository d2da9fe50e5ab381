package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Words for what went wrong with an attempt, beside those of egress.Reason.
const (
	wordDisabled  = "endpoint_disabled"
	wordBlocked   = "blocked_address"
	wordRedirect  = "redirect_refused"
	wordStatus    = "bad_status"
	wordUnsigned  = "secret_unreadable"
	wordInternal  = "internal_error"
	statusSuccess = 200
)

// result is what came of one attempt.
type result struct {
	at         time.Time
	status     int
	size       int64
	duration   time.Duration
	retryAfter time.Duration
	word       string // "" on success
}

// attempt sends the delivery once.
func (s *Sender) attempt(ctx context.Context, p *pay.Parcel) result {
	r := result{at: s.now()}
	if !p.Endpoint.Enabled {
		r.word = wordDisabled
		return r
	}
	req, word := s.request(ctx, p, r.at)
	if word != "" {
		r.word = word
		return r
	}
	answer, err := s.pools[p.Mode].Do(ctx, p.MerchantID, req)
	if err != nil {
		r.word = egress.Reason(err)
	} else {
		r.status, r.size = answer.Status, answer.Size
		r.word = judge(r.status)
		r.retryAfter = retryAfter(answer.Header, s.now())
	}
	r.duration = s.now().Sub(r.at)
	return r
}

// request makes the signed request, or says in one word why it cannot be made.
func (s *Sender) request(
	ctx context.Context, p *pay.Parcel, at time.Time,
) (*http.Request, string) {
	if p.Body == nil {
		return nil, wordInternal
	}
	// The URL was checked when it was registered, but perhaps by another policy.
	u, err := s.pools[p.Mode].Policy().Parse(p.Endpoint.URL)
	if err != nil {
		return nil, wordBlocked
	}
	secrets, err := s.secrets(ctx, p.Endpoint, at)
	if err != nil {
		s.log.Error("webhook: signing secret cannot be opened",
			"endpoint", p.EndpointID, "error", err.Error())
		return nil, wordUnsigned
	}
	h := http.Header{
		"Content-Type": {"application/json"},
		"User-Agent":   {userAgent},
	}
	if err := Sign(h, Message{ID: p.EventID, At: at, Body: p.Body}, secrets...); err != nil {
		return nil, wordUnsigned
	}
	return &http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(p.Body)), ContentLength: int64(len(p.Body)),
		GetBody: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(p.Body)), nil
		},
	}, ""
}

// secrets returns the endpoint's signing secrets in plain: the present one, and for a while after a
// rotation the one before. Hooks share theirs, once that was rotated.
func (s *Sender) secrets(
	ctx context.Context, e pay.Endpoint, now time.Time,
) ([]string, error) {
	if e.Hook {
		sc := pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}
		signer, err := s.store.HookSigner(ctx, sc, e.Family)
		if err == nil {
			e = signer
		} else if !pay.IsKind(err, pay.NotFound) {
			return nil, err
		}
	}
	present, err := s.vault.Open(pay.PurposeEndpointSecret, e.Secret)
	if err != nil {
		return nil, err
	}
	all := []string{string(present)}
	if len(e.Previous) > 0 && now.Before(e.PreviousUntil) {
		previous, err := s.vault.Open(pay.PurposeEndpointSecret, e.Previous)
		if err != nil {
			return nil, err
		}
		all = append(all, string(previous))
	}
	return all, nil
}

func judge(status int) string {
	switch {
	case status >= statusSuccess && status < 300:
		return ""
	case status >= 300 && status < 400:
		return wordRedirect
	}
	return wordStatus
}
