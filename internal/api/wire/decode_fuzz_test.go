package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

var fuzzSeeds = []string{
	createBody,
	`{}`, ` {"amount" : -12 } `, `{"amount":5000,"AMOUNT":1}`, `{"amount":5000,"amount":1}`,
	`{"amo\u0075nt":1}`, `{"amount":null}`, `{"amount":5}{"amount":6}`, `{"amount":50.0}`,
	`{"amount":9223372036854775808}`, `{"amount":"5"}`, `{"text":"\ud800","opt":"\u0000"}`,
	`{"text":"\ud83d\ude00\/","metadata":{"a":"b","\u0061":"c"}}`, `{"event` + "\u017f" + `":[]}`,
	`{"raw":{"a":[1e5,null,{"b":{}}]},"note":null,"tags":["x"],"deep":{"deep":{"raw":1}}}`,
	`{"payment_method":{"type":"card","exp_month":1,"inner":{"name":"x"}},"items":[{"n":1}]}`,
	`{"at":"2026-10-04T09:30:00Z","grid":[[1],[]],"by_word":{"a":"b"},"lists":[{"a":null}]}`,
	"{\"text\":\"\xff\"}", "\ufeff{}", `[[[[[[[[[[[[[[[[[[`,
	`{"raw":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}`,
}

// FuzzDecode_Differential holds the decoder against encoding/json: what ours accepts, theirs reads
// as the same value, and says the same when it is written again. And ours never panics, and
// answers with errors of the right kind.
func FuzzDecode_Differential(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var ours, theirs everything
		given := bytes.Clone(body)
		err := wire.DecodeBytes(body, &ours)
		if !bytes.Equal(body, given) {
			t.Fatalf("%q was changed to %q", given, body)
		}
		if err != nil {
			var e *pay.Error
			if !errors.As(err, &e) || e.Kind != pay.Invalid || e.Code == "" || e.Message == "" ||
				!utf8.ValidString(e.Param) || !utf8.ValidString(e.Message) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&theirs); err != nil {
			t.Fatalf("only ours accepts %q: %v", body, err)
		}
		if diff := cmp.Diff(theirs, ours, compare); diff != "" {
			t.Fatalf("%q is read differently: %s", body, diff)
		}
		again(t, &ours)
	})
}

// again writes what was read and reads it once more: nothing may have been lost on the way.
func again(t *testing.T, first *everything) {
	t.Helper()
	written, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	// What is null by being left out cannot be given back to fields that are not to be null.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(written, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		if string(value) == "null" && name != "note" && name != "deep" && name != "tags" {
			delete(members, name)
		}
	}
	if written, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	var second everything
	if err := wire.DecodeBytes(written, &second); err != nil {
		// Escaping can push a body over the limit of its size, and nothing else.
		if len(written) > wire.MaxBody {
			return
		}
		t.Fatalf("%s is refused: %v", written, err)
	}
	if a, b := wire.Fingerprint("", "", first), wire.Fingerprint("", "", &second); a != b {
		t.Fatalf("%s has another fingerprint", written)
	}
}

// FuzzDecode_Create is the same for the body of the busiest route, whose fields are pointers.
func FuzzDecode_Create(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var ours, theirs create
		if wire.DecodeBytes(body, &ours) != nil {
			return
		}
		if err := json.Unmarshal(body, &theirs); err != nil {
			t.Fatalf("only ours accepts %q: %v", body, err)
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Fatalf("%q is read differently: %s", body, diff)
		}
		if ours.Amount == nil || ours.SuccessURL == nil || ours.CancelURL == nil {
			t.Fatalf("%q passes without what is required", body)
		}
	})
}
