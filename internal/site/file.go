package site

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// file is one file, plain and compressed.
type file struct {
	kind       string // content type
	etag       string // without quotes
	plain, zip []byte
}

// newFile compresses a file once, when the program starts.
func newFile(kind, etag string, body []byte) *file {
	return &file{kind: kind, etag: etag, plain: body, zip: compress(body)}
}

// compress panics when it cannot: memory takes everything.
func compress(body []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close() // writes the end of the file
	}
	if err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// send answers with the file, to be kept as the header says.
func (f *file) send(w http.ResponseWriter, r *http.Request, kept string) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", kept)
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, `"`+f.etag+`"`
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = f.zip, `"`+f.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// acceptsGzip reads an Accept-Encoding header, RFC 9110, section 12.5.3.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return q == "" || err == nil && weight > 0
		}
	}
	return false
}
