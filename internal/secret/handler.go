package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// named are attributes that are secrets, or ways to a person or to their money, by their name,
// whatever they hold. Names are compared in lower case and without hyphens and underscores.
var named = map[string]bool{
	"cvv": true, "cvc": true, "cvv2": true, "cvc2": true, "csc": true, "cid": true,
	"securitycode": true, "cardnumber": true, "pan": true, "pin": true,
	"password": true, "passwd": true, "secret": true, "authorization": true, "cookie": true,
	"setcookie": true, "token": true, "apikey": true, "pagekey": true, "clientsecret": true,
	"secretkey": true, "clienttoken": true,
	"payid": true, "phone": true, "msisdn": true, "email": true, "bsb": true,
	"account": true, "accountnumber": true,
}

// Handler returns a handler that masks the message and every attribute, name and value, at any
// depth, and hands the record on to next. Composite values are taken as their JSON form.
func Handler(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ next slog.Handler }

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(maskAttr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.next.WithAttrs(maskAttrs(attrs))}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.next.WithGroup(Mask(name))}
}

func maskAttrs(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = maskAttr(a)
	}
	return clean
}

func maskAttr(a slog.Attr) slog.Attr {
	if secretName(a.Key) {
		return slog.String(Mask(a.Key), hidden)
	}
	return slog.Attr{Key: Mask(a.Key), Value: maskValue(a.Value)}
}

func secretName(key string) bool {
	const longest = 24
	if len(key) > longest {
		return false
	}
	return named[strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key))]
}

func maskValue(v slog.Value) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(Mask(v.String()))
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
		return maskNumber(v)
	case slog.KindGroup:
		return slog.GroupValue(maskAttrs(v.Group())...)
	case slog.KindAny:
		return maskAny(v.Any())
	default: // booleans, times and durations hold no secret
		return v
	}
}

// maskNumber keeps a number that is none of ours as the number it is. Unlike text it is one
// undivided run, so only the whole of it can be a card number.
func maskNumber(v slog.Value) slog.Value {
	s := strings.TrimPrefix(numberText(v), "-")
	if len(s) < minCardDigits || len(s) > maxCardDigits {
		return v
	}
	sum := 0
	for i := range len(s) {
		c := s[len(s)-1-i]
		if c < '0' || c > '9' {
			return v
		}
		sum += luhn(c-'0', i+1)
	}
	if sum%10 != 0 {
		return v
	}
	return slog.StringValue(hidden + s[len(s)-shownDigits:])
}

func numberText(v slog.Value) string {
	if v.Kind() == slog.KindFloat64 {
		return fmt.Sprintf("%.0f", v.Float64())
	}
	return v.String()
}

func maskAny(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error, fmt.Stringer:
		// Sprint survives a nil receiver, which a direct call would not.
		return slog.StringValue(Mask(fmt.Sprint(v)))
	case []byte:
		return slog.StringValue(Mask(string(v)))
	}
	text, err := json.Marshal(v)
	if err != nil {
		// Neither text nor JSON, so perhaps a cycle: the type says enough and is safe to print.
		return slog.StringValue(fmt.Sprintf("%T", v))
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return slog.StringValue(Mask(string(text)))
	}
	tree = maskTree(tree)
	// A number split over the elements of a list shows only in the whole.
	if text, err = json.Marshal(tree); err != nil || Mask(string(text)) != string(text) {
		return slog.StringValue(Mask(string(text)))
	}
	return slog.AnyValue(tree)
}

// maskTree masks a decoded JSON document in place. Its depth is bounded by the encoder's.
func maskTree(v any) any {
	switch v := v.(type) {
	case string:
		return Mask(v)
	case json.Number:
		return maskJSONNumber(v)
	case []any:
		for i := range v {
			v[i] = maskTree(v[i])
		}
		return v
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, value := range v {
			if secretName(key) {
				clean[Mask(key)] = hidden
				continue
			}
			clean[Mask(key)] = maskTree(value)
		}
		return clean
	default:
		return v
	}
}

func maskJSONNumber(n json.Number) any {
	if masked := Mask(n.String()); masked != n.String() {
		return masked
	}
	return n
}
