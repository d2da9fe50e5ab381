package disk

import (
	"bytes"
	"compress/flate"
	"os"
	"path/filepath"
	"testing"
)

// TestWrite_CannotBeMadeSmaller is about file systems that set nothing aside and compress.
func TestWrite_CannotBeMadeSmaller(t *testing.T) {
	const size = 3<<20 + 5
	path := filepath.Join(t.TempDir(), BallastName)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f, size); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) != size {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	var small bytes.Buffer
	w, err := flate.NewWriter(&small, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || small.Len() < size {
		t.Errorf("%d bytes shrink to %d, %v", size, small.Len(), err)
	}
}
