package wire_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/api/wire"
)

// TestSentence: a message of the core says which field it is about, or says it already.
func TestSentence(t *testing.T) {
	for message, want := range map[string]string{
		"Must not be before the start.": "options.end_date must not be before the start.",
		"Is required here.":             "options.end_date is required here.",
		"The day is over.":              "The day is over.",
	} {
		if got := wire.Sentence("options.end_date", message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}
