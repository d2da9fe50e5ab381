package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

// everything has a field of each kind that a request can have.
type everything struct {
	Amount   int64               `json:"amount"`
	Small    int8                `json:"small"`
	Maybe    *int64              `json:"maybe"`
	Text     string              `json:"text"`
	Opt      *string             `json:"opt"`
	Yes      bool                `json:"yes"`
	MaybeYes *bool               `json:"maybe_yes"`
	Events   []string            `json:"events"`
	OptList  *[]string           `json:"opt_list"`
	Metadata map[string]string   `json:"metadata"`
	Counts   map[string]int64    `json:"counts"`
	Raw      json.RawMessage     `json:"raw"`
	At       *time.Time          `json:"at"`
	Method   *method             `json:"payment_method"`
	Items    []item              `json:"items"`
	Note     wire.Null[string]   `json:"note,omitzero"`
	Deep     wire.Null[*deep]    `json:"deep,omitzero"`
	Tags     wire.Null[[]string] `json:"tags,omitzero"`
	Nested   map[string][]string `json:"nested"`
	Grid     [][]int64           `json:"grid"`
	Word     word                `json:"word"`
	ByWord   map[word]word       `json:"by_word"`
	Lists    []map[string]*item  `json:"lists"`
	Hidden   string              `json:"-"`
	private  string
}

type word string

type method struct {
	Type     string `json:"type" wire:"required"`
	ExpMonth int64  `json:"exp_month"`
	Inner    inner  `json:"inner"`
}

type inner struct {
	Name string `json:"name"`
}

type item struct {
	SKU string `json:"sku"`
	N   *int64 `json:"n" wire:"required"`
}

type deep struct {
	Deep *deep2 `json:"deep"`
}

type deep2 struct {
	Raw json.RawMessage `json:"raw"`
}

func ptr[T any](v T) *T { return &v }

var compare = cmp.Options{cmp.AllowUnexported(everything{})}

func TestDecodeBytes_Accepts(t *testing.T) {
	tests := []struct {
		body string
		want everything
	}{
		{`{}`, everything{}},
		{" \t\r\n{ } \n", everything{}},
		{`{"amount":5000}`, everything{Amount: 5000}},
		{`{"amount":-9223372036854775808}`, everything{Amount: -1 << 63}},
		{`{"amount":9223372036854775807}`, everything{Amount: 1<<63 - 1}},
		{`{"amount":0,"small":-128}`, everything{Small: -128}},
		{`{"maybe":0,"maybe_yes":false,"opt":""}`,
			everything{Maybe: ptr(int64(0)), MaybeYes: ptr(false), Opt: ptr("")}},
		{`{"maybe":null,"opt":null,"payment_method":null,"opt_list":null,"at":null}`, everything{}},
		{`{"yes":true , "text" : "x"}`, everything{Yes: true, Text: "x"}},
		{`{"text":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00é€😀"}`,
			everything{Text: "\"\\/\b\f\n\r\té€😀é€😀"}},
		{`{"events":[]}`, everything{Events: []string{}}},
		{`{"events":[ "a" , "b" ],"opt_list":["c"]}`,
			everything{Events: []string{"a", "b"}, OptList: &[]string{"c"}}},
		{`{"metadata":{}}`, everything{Metadata: map[string]string{}}},
		{`{"metadata":{"order":"A-77","\u00e9\/":"","Order":"b"}}`,
			everything{Metadata: map[string]string{"order": "A-77", "é/": "", "Order": "b"}}},
		{`{"raw":{"a":[1.5e3,null,true,false,"x",{}],"A":{}}}`,
			everything{Raw: json.RawMessage(`{"a":[1.5e3,null,true,false,"x",{}],"A":{}}`)}},
		{`{"raw": -0.0 }`, everything{Raw: json.RawMessage(`-0.0`)}},
		{`{"at":"2026-10-04T09:30:00Z"}`,
			everything{At: ptr(time.Date(2026, 10, 4, 9, 30, 0, 0, time.UTC))}},
		{`{"payment_method":{"type":"card","exp_month":12,"inner":{"name":"x"}}}`,
			everything{Method: &method{Type: "card", ExpMonth: 12, Inner: inner{"x"}}}},
		{`{"items":[{"n":1},{"sku":"b","n":2}]}`,
			everything{Items: []item{{N: ptr(int64(1))}, {SKU: "b", N: ptr(int64(2))}}}},
		{`{"note":null}`, everything{Note: wire.Null[string]{Set: true}}},
		{`{"note":""}`, everything{Note: wire.Null[string]{Set: true, Valid: true}}},
		{`{"tags":["a"],"deep":{"deep":{"raw":[]}}}`, everything{
			Tags: wire.Null[[]string]{Set: true, Valid: true, Value: []string{"a"}},
			Deep: wire.Null[*deep]{Set: true, Valid: true,
				Value: &deep{Deep: &deep2{Raw: json.RawMessage(`[]`)}}}}},
		{`{"grid":[[],[1,2]],"word":"w","by_word":{"a":"b"}}`, everything{
			Grid: [][]int64{{}, {1, 2}}, Word: "w", ByWord: map[word]word{"a": "b"}}},
		{`{"lists":[{"a":null,"b":{"n":3}}]}`,
			everything{Lists: []map[string]*item{{"a": nil, "b": {N: ptr(int64(3))}}}}},
		{`{"raw":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`,
			everything{Raw: json.RawMessage(strings.Repeat("[", 15) + strings.Repeat("]", 15))}},
	}
	for _, tt := range tests {
		var got everything
		if err := wire.DecodeBytes([]byte(tt.body), &got); err != nil {
			t.Errorf("%s: %v", tt.body, err)
		} else if diff := cmp.Diff(tt.want, got, compare); diff != "" || got.private != "" {
			t.Errorf("%s: %s", tt.body, diff)
		}
	}
}

func TestDecodeBytes_Refuses(t *testing.T) {
	const (
		syntax, invalid    = wire.CodeInvalidJSON, wire.CodeParameterInvalid
		unknown, duplicate = wire.CodeParameterUnknown, wire.CodeParameterDuplicate
		missing            = wire.CodeParameterMissing
	)
	tests := []struct{ body, code, param, message string }{
		{``, syntax, "", "one JSON object"},
		{`  `, syntax, "", "one JSON object"},
		{`[]`, syntax, "", "one JSON object"},
		{`null`, syntax, "", "one JSON object"},
		{`"x"`, syntax, "", "one JSON object"},
		{`5`, syntax, "", "one JSON object"},
		{`x`, syntax, "", "byte 0"},
		{"\ufeff{}", syntax, "", "byte 0"},
		{`{}{}`, syntax, "", "byte 2"},
		{`{} x`, syntax, "", "byte 3"},
		{`{}]`, syntax, "", "byte 2"},
		{"{}\x00", syntax, "", "byte 2"},
		{`{`, syntax, "", "ends early"},
		{`{"amount"`, syntax, "", "ends early"},
		{`{"amount":`, syntax, "", "ends early"},
		{`{"amount":5`, syntax, "", "ends early"},
		{`{"amount":5,`, syntax, "", "ends early"},
		{`{"text":"x`, syntax, "", "ends early"},
		{`{"text":"x\`, syntax, "", "ends early"},
		{`{"amount":5,}`, syntax, "", "byte 12"},
		{`{,}`, syntax, "", "byte 1"},
		{`{"amount" 5}`, syntax, "", "byte 10"},
		{`{"amount":5 "text":""}`, syntax, "", "byte 12"},
		{`{amount:5}`, syntax, "", "byte 1"},
		{`{'amount':5}`, syntax, "", "byte 1"},
		{`{"events":["a",]}`, syntax, "", "byte 15"},
		{`{"events":[,"a"]}`, syntax, "", "byte 11"},
		{`{"events":["a" "b"]}`, syntax, "", "byte 15"},
		{`{"events":["a"}`, syntax, "", "byte 14"},
		{`{"amount":01}`, syntax, "", "byte 11"},
		{`{"amount":+1}`, syntax, "", "byte 10"},
		{`{"amount":-}`, syntax, "", "byte 11"},
		{`{"amount":.5}`, syntax, "", "byte 10"},
		{`{"amount":5.}`, syntax, "", "byte 12"},
		{`{"amount":5e}`, syntax, "", "byte 12"},
		{`{"amount":5e+}`, syntax, "", "byte 13"},
		{`{"amount":5x}`, syntax, "", "byte 11"},
		{`{"amount":NaN}`, syntax, "", "byte 10"},
		{`{"amount":0x10}`, syntax, "", "byte 11"},
		{`{"amount":/**/5}`, syntax, "", "byte 10"},
		{`{"yes":tru}`, syntax, "", "byte 10"},
		{`{"yes":True}`, syntax, "", "byte 7"},
		{`{"opt":nul}`, syntax, "", "byte 10"},
		{`{"text":"` + "\n" + `"}`, syntax, "", "byte 9"},
		{`{"text":"` + "\x1f" + `"}`, syntax, "", "byte 9"},
		{`{"text":"ab` + "\xff" + `"}`, syntax, "", "byte 11"},
		{`{"text":"` + "\xed\xa0\x80" + `"}`, syntax, "", "byte 9"},
		{`{"te` + "\xff" + `xt":""}`, syntax, "", "byte 4"},
		{`{"text":"\x"}`, syntax, "", "byte 9"},
		{`{"text":"a\u12"}`, syntax, "", "byte 10"},
		{`{"text":"\u12g4"}`, syntax, "", "byte 9"},
		{`{"text":"\ud800"}`, syntax, "", "byte 9"},
		{`{"text":"\ud800x"}`, syntax, "", "byte 9"},
		{`{"text":"\ud800\u0041"}`, syntax, "", "byte 9"},
		{`{"text":"\udc00\ud800"}`, syntax, "", "byte 9"},
		{`{"raw":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, syntax, "", "16 levels"},
		{`{"raw":` + strings.Repeat(`{"a":`, 9999) + `1`, syntax, "", "16 levels"},
		{strings.Repeat(`{"a":`, 20), unknown, "a", ""},

		{`{"text":"\u0000"}`, invalid, "text", "NUL"},
		{`{"metadata":{"a":"x\u0000"}}`, invalid, "metadata.a", "NUL"},
		{`{"raw":["a","\u0000"]}`, invalid, "raw[1]", "NUL"},

		{`{"amont":5}`, unknown, "amont", ""},
		{`{"AMOUNT":5}`, unknown, "AMOUNT", "amount is"},
		{`{"Amount":5}`, unknown, "Amount", "amount is"},
		{`{"ev\u017fnts":[]}`, unknown, "evſnts", ""},
		{`{"event\u017f":[]}`, unknown, "eventſ", "events is"},
		{`{"amo\u0075nt":5}`, unknown, "amount", ""},
		{`{"":5}`, unknown, "", ""},
		{`{"Hidden":""}`, unknown, "Hidden", ""},
		{`{"hidden":""}`, unknown, "hidden", ""},
		{`{"-":""}`, unknown, "-", ""},
		{`{"private":""}`, unknown, "private", ""},
		{`{"payment_method":{"type":"card","expmonth":1}}`, unknown, "payment_method.expmonth", ""},
		{`{"payment_method":{"inner":{"Name":""}}}`, unknown, "payment_method.inner.Name", "name is"},
		{`{"items":[{"n":1},{"x":2}]}`, unknown, "items[1].x", ""},
		{`{"lists":[{"k":{"x":2}}]}`, unknown, "lists[0].k.x", ""},
		{`{"4242424242424242":1}`, unknown, "****4242", ""},
		{`{"` + strings.Repeat("é", 200) + `":1}`, unknown, strings.Repeat("é", 60), ""},

		{`{"amount":5000,"amount":1}`, duplicate, "amount", "twice"},
		{`{"opt":null,"opt":"x"}`, duplicate, "opt", "twice"},
		{`{"note":null,"note":null}`, duplicate, "note", "twice"},
		{`{"metadata":{"a":"1","b":"2","a":"1"}}`, duplicate, "metadata.a", "twice"},
		{`{"metadata":{"a":"1","\u0061":"2"}}`, duplicate, "metadata.a", "twice"},
		{`{"raw":{"a":{"b":1,"b":1}}}`, duplicate, "raw.a.b", "twice"},
		{`{"raw":[{"a":1,"\u0061":1}]}`, duplicate, "raw[0].a", "twice"},
		{`{"lists":[{"a":null,"a":null}]}`, duplicate, "lists[0].a", "twice"},

		{`{"amount":null}`, invalid, "amount", "null"},
		{`{"text":null}`, invalid, "text", "null"},
		{`{"yes":null}`, invalid, "yes", "null"},
		{`{"events":null}`, invalid, "events", "null"},
		{`{"events":["a",null]}`, invalid, "events[1]", "null"},
		{`{"metadata":null}`, invalid, "metadata", "null"},
		{`{"metadata":{"a":null}}`, invalid, "metadata.a", "null"},
		{`{"raw":null}`, invalid, "raw", "null"},
		{`{"items":[{"n":null}]}`, invalid, "items[0].n", "null"},

		{`{"amount":50.0}`, invalid, "amount", "integer"},
		{`{"amount":50.5}`, invalid, "amount", "integer"},
		{`{"amount":5e3}`, invalid, "amount", "integer"},
		{`{"amount":5E0}`, invalid, "amount", "integer"},
		{`{"amount":-0}`, invalid, "amount", "integer"},
		{`{"amount":"5000"}`, invalid, "amount", "integer"},
		{`{"amount":true}`, invalid, "amount", "integer"},
		{`{"amount":[5]}`, invalid, "amount", "integer"},
		{`{"amount":{}}`, invalid, "amount", "integer"},
		{`{"amount":9223372036854775808}`, invalid, "amount", "range"},
		{`{"amount":-9223372036854775809}`, invalid, "amount", "range"},
		{`{"amount":18446744073709551616}`, invalid, "amount", "range"},
		{`{"amount":18446744073709551621}`, invalid, "amount", "range"},
		{`{"amount":92233720368547758070}`, invalid, "amount", "range"},
		{`{"amount":1` + strings.Repeat("0", 400) + `}`, invalid, "amount", "range"},
		{`{"small":128}`, invalid, "small", "range"},
		{`{"maybe":"1"}`, invalid, "maybe", "integer"},
		{`{"payment_method":{"exp_month":"12"}}`, invalid, "payment_method.exp_month", "integer"},
		{`{"counts":{"a":1,"b":1.5}}`, invalid, "counts.b", "integer"},
		{`{"grid":[[1],[2,"3"]]}`, invalid, "grid[1][1]", "integer"},
		{`{"text":5}`, invalid, "text", "string"},
		{`{"opt":false}`, invalid, "opt", "string"},
		{`{"note":5}`, invalid, "note", "string"},
		{`{"yes":"true"}`, invalid, "yes", "true or false"},
		{`{"yes":1}`, invalid, "yes", "true or false"},
		{`{"events":"a"}`, invalid, "events", "array"},
		{`{"events":{}}`, invalid, "events", "array"},
		{`{"events":["a","b",3]}`, invalid, "events[2]", "string"},
		{`{"tags":["a",3]}`, invalid, "tags[1]", "string"},
		{`{"metadata":[]}`, invalid, "metadata", "object"},
		{`{"metadata":{"k":5}}`, invalid, "metadata.k", "string"},
		{`{"metadata":{"k":{"a":"b"}}}`, invalid, "metadata.k", "string"},
		{`{"payment_method":[]}`, invalid, "payment_method", "object"},
		{`{"at":"tomorrow"}`, invalid, "at", "cannot be read"},
		{`{"at":1791021600}`, invalid, "at", "string"},
		{`{"events":[` + strings.Repeat(`"",`, 1000) + `""]}`, invalid, "events", "1000"},
		{`{"raw":[` + strings.Repeat(`1,`, 1000) + `1]}`, invalid, "raw", "1000"},
		{`{"metadata":{` + members(1001) + `}}`, invalid, "metadata", "1000"},

		{`{"payment_method":{}}`, missing, "payment_method.type", "Missing required parameter"},
		{`{"items":[{"n":1},{"sku":"x"}]}`, missing, "items[1].n", "items[1].n"},
		{`{"text":"` + strings.Repeat("x", wire.MaxBody) + `"}`, wire.CodeBodyTooLarge, "", "262144"},
	}
	for _, tt := range tests {
		var dst everything
		err := wire.DecodeBytes([]byte(tt.body), &dst)
		var e *pay.Error
		switch {
		case !errors.As(err, &e):
			t.Errorf("%.80q: got %v", tt.body, err)
		case e.Kind != pay.Invalid || e.Code != tt.code || e.Param != tt.param ||
			!strings.Contains(e.Message, tt.message):
			t.Errorf("%.80q: got %v, want %s %q %q", tt.body, e, tt.code, tt.param, tt.message)
		}
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":""`, i)
	}
	return b.String()[1:]
}

// TestDecodeBytes_Truncated cuts a document at every byte: no part of it may pass for the whole.
func TestDecodeBytes_Truncated(t *testing.T) {
	const whole = `{"amount":12,"text":"\u00e9\n","events":["a"],"metadata":{"k":"v"},` +
		`"raw":[{"a":-1.5e+3}],"note":null,"payment_method":{"type":"card"},"yes":true}`
	for i := range len(whole) {
		var dst everything
		var e *pay.Error
		err := wire.DecodeBytes([]byte(whole[:i]), &dst)
		if !errors.As(err, &e) || e.Code != wire.CodeInvalidJSON {
			t.Errorf("%s: %v", whole[:i], err)
		}
	}
	if err := wire.DecodeBytes([]byte(whole), new(everything)); err != nil {
		t.Error(err)
	}
}

func TestDecodeBytes_Secrets(t *testing.T) {
	var dst struct {
		Number secret.PAN     `json:"number"`
		CVC    *secret.CVV    `json:"cvc"`
		Token  *secret.String `json:"token"`
	}
	body := []byte(`{"number":"4242 4242 4242 4242","cvc":"907","token":"t\u00e9"}`)
	if err := wire.DecodeBytes(body, &dst); err != nil {
		t.Fatal(err)
	}
	clear(body)
	if dst.Number.Reveal() != "4242424242424242" || string(dst.CVC.Reveal()) != "907" ||
		dst.Token.Reveal() != "té" {
		t.Errorf("%q %q %q", dst.Number.Reveal(), dst.CVC.Reveal(), dst.Token.Reveal())
	}
}

func TestDecodeBytes_Panics(t *testing.T) {
	for name, dst := range map[string]any{
		"nil":        nil,
		"value":      item{},
		"nil struct": (*item)(nil),
		"map":        &map[string]string{},
		"float": &struct {
			F float64 `json:"f"`
		}{},
		"uint": &struct {
			U uint64 `json:"u"`
		}{},
		"any": &struct {
			A any `json:"a"`
		}{},
		"no name":  &struct{ A string }{},
		"twice":    sameNames(),
		"embedded": &struct{ item }{},
		"own JSON": &struct {
			N ownJSON `json:"n"`
		}{},
		"int keys": &struct {
			M map[int]string `json:"m"`
		}{},
		"omitzero": &struct {
			N wire.Null[string] `json:"n"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			_ = wire.DecodeBytes([]byte(`{}`), dst)
		}()
	}
}

// sameNames makes at run time what vet would not let stand in a file.
func sameNames() any {
	text := reflect.TypeFor[string]()
	return reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: text, Tag: `json:"a"`}, {Name: "B", Type: text, Tag: `json:"a"`},
	})).Interface()
}

type ownJSON struct{}

func (*ownJSON) UnmarshalJSON([]byte) error { return nil }
