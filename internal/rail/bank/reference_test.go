package bank

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
)

var shape = regexp.MustCompile(`^KAS-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$`)

func random() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

// valid reports whether the check character is right.
func valid(reference string) bool {
	var values []byte
	for _, c := range strings.ReplaceAll(strings.TrimPrefix(reference, prefix), "-", "") {
		values = append(values, byte(strings.IndexRune(alphabet, c)))
	}
	return checkOf(values[:length-1]) == int(values[length-1])
}

func TestReference_ShapeAndVariety(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		r := newReference(random)
		if !shape.MatchString(r) || !valid(r) {
			t.Fatalf("reference %q", r)
		}
		seen[r] = true
	}
	if len(seen) < 1999 {
		t.Errorf("2000 references, %d different", len(seen))
	}
}

// A slip of the finger never makes one reference into another.
func TestReference_FindsSlips(t *testing.T) {
	for range 50 {
		r := newReference(random)
		for i := len(prefix); i < len(r); i++ {
			if r[i] == '-' {
				continue
			}
			for _, c := range alphabet[:letters] {
				wrong := r[:i] + string(c) + r[i+1:]
				if wrong != r && valid(wrong) {
					t.Fatalf("%s and %s are both references", r, wrong)
				}
			}
			j := i + 1
			if j < len(r) && r[j] == '-' {
				j++
			}
			if j >= len(r) || r[i] == r[j] {
				continue
			}
			swapped := []byte(r)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			if valid(string(swapped)) {
				t.Fatalf("%s and %s are both references", r, swapped)
			}
		}
	}
}

// Bytes that would make a letter likelier, or a check character that is none, are left out.
func TestReference_DrawsAgain(t *testing.T) {
	calls := 0
	r := newReference(func() []byte {
		if calls++; calls == 1 {
			return []byte{255, 250, 240, 241}
		}
		return random()
	})
	if calls < 2 || !shape.MatchString(r) {
		t.Errorf("%d calls made %q", calls, r)
	}
}
