package wire

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of metadata, in keys and characters.
const (
	MaxMetadataKeys  = 50
	MaxMetadataKey   = 40
	MaxMetadataValue = 500
)

// Metadata checks the strings that a merchant attaches to an object. param is the name of the
// field; the error names the key below it. The keys are looked at in order, so that the same
// request gets the same error.
func Metadata(param string, m map[string]string) error {
	if len(m) > MaxMetadataKeys {
		return pay.BadParam(param, CodeParameterInvalid,
			"%s must not have more than %d keys.", param, MaxMetadataKeys)
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if key == "" || !plainText(key, MaxMetadataKey) {
			return pay.BadParam(cut(param+"."+visible(key)), CodeParameterInvalid,
				"A key of %s must be 1 to %d characters, none of them a control character.",
				param, MaxMetadataKey)
		}
		if !plainText(m[key], MaxMetadataValue) {
			return pay.BadParam(param+"."+key, CodeParameterInvalid,
				"A value of %s must be at most %d characters, none of them a control character.",
				param, MaxMetadataValue)
		}
	}
	return nil
}

func plainText(s string, longest int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest &&
		strings.IndexFunc(s, unicode.IsControl) < 0
}

// visible replaces what a name in an error must not carry.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
