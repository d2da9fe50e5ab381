package returnurl

import (
	"slices"
	"strings"
)

// maxScheme bounds the scheme of an app, in bytes.
const maxScheme = 64

// reserved are schemes that mean something to a browser or to the device itself. None of them can
// be an app's.
var reserved = []string{
	"about", "blob", "chrome", "content", "data", "facetime", "file", "filesystem", "ftp", "geo",
	"http", "https", "intent", "javascript", "jar", "mailto", "market", "resource", "sip", "sms",
	"smsto", "tel", "urn", "vbscript", "view-source", "ws", "wss",
}

// IsApp reports whether the text registers an app: its scheme in lower case and "://", such as
// "com.shop.app://". Addresses of an app may be given once it is among a Policy's Origins.
func IsApp(registered string) bool {
	scheme, ok := strings.CutSuffix(registered, "://")
	return ok && appScheme(scheme)
}

// appScheme follows RFC 3986, section 3.1. A single letter is a drive to some systems.
func appScheme(scheme string) bool {
	if len(scheme) < 2 || len(scheme) > maxScheme || scheme[0] < 'a' || scheme[0] > 'z' {
		return false
	}
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789+.-"
	return strings.Trim(scheme, alphabet) == "" && !slices.Contains(reserved, scheme)
}
