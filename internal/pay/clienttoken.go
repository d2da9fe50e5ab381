package pay

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// purposeClient separates the key that signs client tokens.
const purposeClient = "client token"

// Limits of client tokens.
const (
	maxClientToken   = 512            // characters
	clientTokenGrace = 24 * time.Hour // an embedded page still tells how an ended session ended
)

// clientHeader is the one header of our client tokens: they are JSON Web Tokens (RFC 7519) under
// HS256. A token with any other header is none of ours, so nobody chooses the algorithm but us.
var clientHeader = encodePart([]byte(`{"alg":"HS256","typ":"JWT"}`))

// clientClaims are what a client token says.
type clientClaims struct {
	Subject string `json:"sub"` // the session
	Expires int64  `json:"exp"` // seconds since 1970, in the merchant's clock
}

// ClientToken returns the token that opens the session's page within a page of the merchant. It
// says when the session ends. The same arguments give the same token.
func (s *Service) ClientToken(sessionID string, expires time.Time) string {
	claims, err := json.Marshal(clientClaims{Subject: sessionID, Expires: expires.Unix()})
	if err != nil {
		panic(err) // a text and a number can always be encoded
	}
	signed := clientHeader + "." + encodePart(claims)
	return signed + "." + encodePart(s.vault.MAC(purposeClient, signed))
}

// ClientTokenSession returns the session that a client token opens, and false for what is no token
// of ours or one whose session ended a day ago.
func (s *Service) ClientTokenSession(token string) (sessionID string, ok bool) {
	if len(token) > maxClientToken {
		return "", false
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] != clientHeader {
		return "", false
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || !hmac.Equal(sum, s.vault.MAC(purposeClient, parts[0]+"."+parts[1])) {
		return "", false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	var claims clientClaims
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return "", false
	}
	end := time.Unix(claims.Expires, 0).Add(clientTokenGrace)
	return claims.Subject, claims.Subject != "" && s.clock.Now().Before(end)
}

func encodePart(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
