package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how far a webhook's time may be from the shop's.
const tolerance = 5 * time.Minute

// verifyPayGate checks the X-PayGate-Signature header: "t=1790000000,v1=5257…". The signature is
// keyed with the whole secret, as it is written.
func verifyPayGate(h http.Header, body []byte, secret string, now time.Time) bool {
	var at string
	var signatures []string
	for part := range strings.SplitSeq(h.Get("X-PayGate-Signature"), ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			at = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	want := hex.EncodeToString(sign([]byte(secret), at+"."+string(body)))
	return fresh(at, now) && anyEqual(signatures, want)
}

// verifyStandard checks the headers of Standard Webhooks. The signature is keyed with the bytes
// that the part after whsec_ stands for.
func verifyStandard(h http.Header, body []byte, secret string, now time.Time) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return false
	}
	at := h.Get("Webhook-Timestamp")
	signed := sign(key, h.Get("Webhook-Id")+"."+at+"."+string(body))
	want := "v1," + base64.StdEncoding.EncodeToString(signed)
	return fresh(at, now) && anyEqual(strings.Fields(h.Get("Webhook-Signature")), want)
}

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// anyEqual compares in constant time. There are two signatures while a secret is being replaced.
func anyEqual(signatures []string, want string) bool {
	found := false
	for _, s := range signatures {
		found = hmac.Equal([]byte(s), []byte(want)) || found
	}
	return found
}

func fresh(unix string, now time.Time) bool {
	seconds, err := strconv.ParseInt(unix, 10, 64)
	return err == nil && now.Sub(time.Unix(seconds, 0)).Abs() <= tolerance
}
