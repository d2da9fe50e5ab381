package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed delivery, in canonical form. The first is PayGate's, the others are those
// of Standard Webhooks 1.0.
const (
	HeaderSignature         = "X-Paygate-Signature"
	HeaderID                = "Webhook-Id"
	HeaderTimestamp         = "Webhook-Timestamp"
	HeaderStandardSignature = "Webhook-Signature"
)

// secretPrefix starts every signing secret; what follows is the key in base64.
const secretPrefix = "whsec_"

// Message is what is signed. ID stays the same over all attempts, At is the time of this one.
type Message struct {
	ID   string
	At   time.Time
	Body []byte
}

var errSecret = errors.New("webhook: the signing secret is not whsec_ and base64")

// Sign sets both families of signature headers. Each secret, in the order given, adds one signature
// to each family, so that a receiver can go over from one secret to the next. PayGate's signature
// is keyed with the whole secret as it is written, the standard one with the bytes it stands for.
func Sign(h http.Header, m Message, secrets ...string) error {
	at := strconv.FormatInt(m.At.Unix(), 10)
	own, standard := "t="+at, make([]string, 0, len(secrets))
	for _, s := range secrets {
		text, ok := strings.CutPrefix(s, secretPrefix)
		key, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil || len(key) == 0 {
			return errSecret
		}
		own += ",v1=" + hex.EncodeToString(mac([]byte(s), at, m.Body))
		standard = append(standard,
			"v1,"+base64.StdEncoding.EncodeToString(mac(key, m.ID+"."+at, m.Body)))
	}
	h[HeaderSignature] = []string{own}
	h[HeaderID] = []string{m.ID}
	h[HeaderTimestamp] = []string{at}
	h[HeaderStandardSignature] = []string{strings.Join(standard, " ")}
	return nil
}

func mac(key []byte, head string, body []byte) []byte {
	w := hmac.New(sha256.New, key)
	w.Write([]byte(head + "."))
	w.Write(body)
	return w.Sum(nil)
}
