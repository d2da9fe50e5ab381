package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// JSON answers with v as JSON. Characters of HTML are not escaped: the answer is never a page, and
// says so. An error means that v cannot be encoded and that nothing was sent.
func JSON(w http.ResponseWriter, status int, v any) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode a response: %w", err)
	}
	Raw(w, status, bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	return nil
}

// Raw answers with a body that is JSON already. A client that has gone is not an error of ours.
func Raw(w http.ResponseWriter, status int, body []byte) { RawAs(w, status, contentJSON, body) }

// RawAs is Raw for a media type that is written in JSON.
func RawAs(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
