package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Encode writes a document as JSON. Characters of HTML are not escaped: an answer is never a page,
// and says so. It panics for what cannot be encoded: the documents of a family always can.
func Encode(doc any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// Raw answers with a body that is JSON already. A client that has gone is not an error of ours.
func Raw(w http.ResponseWriter, status int, body []byte) { raw(w, status, contentJSON, body) }

func raw(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Reply sends what a use case answered, now or when it was first asked.
func Reply(w http.ResponseWriter, r pay.Reply, err error) error {
	if err != nil {
		return err
	}
	if r.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	Raw(w, r.Status, r.Body)
	return nil
}
