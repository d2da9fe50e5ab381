package wire

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of a request body.
const (
	MaxBody     = 256 << 10 // bytes
	MaxDepth    = 16        // objects and arrays within each other
	MaxElements = 1000      // members of one object, elements of one array
	MaxFields   = 128       // fields of one struct to decode into

	// keptBuffer is the largest buffer that goes back to the pool, in bytes.
	keptBuffer = 16 << 10
)

// Codes of the errors that this package makes, of the kind pay.Invalid.
const (
	CodeBodyTooLarge       = "body_too_large"
	CodeBodyUnreadable     = "body_unreadable"
	CodeContentType        = "content_type_unsupported"
	CodeInvalidJSON        = "invalid_json"
	CodeParameterDuplicate = "parameter_duplicate"
	CodeParameterInvalid   = "parameter_invalid"
	CodeParameterMissing   = "parameter_missing"
	CodeParameterUnknown   = "parameter_unknown"
	CodeIdempotencyKey     = "idempotency_key_invalid"
)

// Codes of the errors that this package makes, of the kind pay.Unavailable.
const (
	CodeRateLimitExceeded = "rate_limit_exceeded"
	CodeTimeout           = "timeout"
	CodeRequestClosed     = "request_closed" // the client went away; nobody reads the answer
)

const contentJSON = "application/json"

// byteOrderMark is what some platforms write before a text. RFC 8259 lets a receiver ignore it.
var byteOrderMark = []byte("\ufeff")

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Decode reads the body of r, which must be one JSON object sent as application/json, into the
// struct that dst points to. It is strict where encoding/json is kind: unknown, repeated and
// differently spelt names, null for a field that is no pointer, numbers that are not plain
// integers, unpaired surrogates, NUL and trailing text are refused, and the error names the field.
// A pointer field is nil when the document leaves it out or says null; Null tells the two apart. A
// field with the tag `wire:"required"` must be present and not null.
//
// Fields may be strings, booleans, integers, types that unmarshal text, json.RawMessage, structs,
// and pointers to, slices of and maps from string to those. Any other dst is a mistake in the
// program and panics. After an error dst is in no defined state.
func Decode(w http.ResponseWriter, r *http.Request, dst any) error {
	return decodeBody(w, r, dst, true)
}

// DecodeOptional is Decode for requests that may have no body at all; dst then stays as it is.
func DecodeOptional(w http.ResponseWriter, r *http.Request, dst any) error {
	return decodeBody(w, r, dst, false)
}

// DecodeBytes is Decode for a body that was read already.
func DecodeBytes(body []byte, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic("wire: decode into something that is no struct")
	}
	if len(body) > MaxBody {
		return tooLarge()
	}
	s := scanner{text: body}
	return s.document(planOf(v.Elem().Type()), v.Elem())
}

func decodeBody(w http.ResponseWriter, r *http.Request, dst any, required bool) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	if err := readBody(w, r, buf); err != nil {
		return err
	}
	body := bytes.TrimPrefix(buf.Bytes(), byteOrderMark)
	if len(body) == 0 && !required {
		return nil
	}
	if err := checkContentType(r.Header); err != nil {
		return err
	}
	return DecodeBytes(body, dst)
}

// release clears the buffer, which may have held a card number.
func release(buf *bytes.Buffer) {
	clear(buf.Bytes())
	buf.Reset()
	if buf.Cap() <= keptBuffer {
		buffers.Put(buf)
	}
}

func readBody(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) error {
	if r.ContentLength > MaxBody {
		closeAfter(w)
		return tooLarge()
	}
	if r.ContentLength > 0 {
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(io.LimitReader(r.Body, MaxBody+1))
	if err == nil && buf.Len() <= MaxBody {
		return nil
	}
	closeAfter(w)
	var limit *http.MaxBytesError
	if err == nil || errors.As(err, &limit) {
		return tooLarge()
	}
	return &pay.Error{Kind: pay.Invalid, Code: CodeBodyUnreadable,
		Message: "The body could not be read to its end.", Err: err}
}

// closeAfter ends the connection with this answer: what is left of the body is not worth reading.
func closeAfter(w http.ResponseWriter) { w.Header().Set("Connection", "close") }

func tooLarge() *pay.Error {
	return pay.Errorf(pay.Invalid, CodeBodyTooLarge,
		"The body must not be larger than %d bytes.", MaxBody)
}

func checkContentType(h http.Header) error {
	if h.Get("Content-Encoding") != "" {
		return pay.Errorf(pay.Invalid, CodeContentType, "The body must not be compressed.")
	}
	types := h.Values("Content-Type")
	if len(types) == 1 && isJSON(types[0]) {
		return nil
	}
	return pay.Errorf(pay.Invalid, CodeContentType,
		"The Content-Type must be application/json, in UTF-8.")
}

func isJSON(contentType string) bool {
	if contentType == contentJSON {
		return true
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != contentJSON {
		return false
	}
	charset, given := params["charset"]
	return len(params) == 0 || given && len(params) == 1 && strings.EqualFold(charset, "utf-8")
}
