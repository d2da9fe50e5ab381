package consent

import (
	"reflect"
	"regexp"
	"slices"
	"testing"
)

var places = regexp.MustCompile(`\{[a-z]+\}`)

// A translation says everything that English says, and leaves out no value.
func TestCatalogues_AreComplete(t *testing.T) {
	for language, say := range languages {
		compare(t, language, reflect.ValueOf(english), reflect.ValueOf(*say))
	}
}

func compare(t *testing.T, path string, want, got reflect.Value) {
	t.Helper()
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			compare(t, path+"."+want.Type().Field(i).Name, want.Field(i), got.Field(i))
		}
	case reflect.Array:
		for i := range want.Len() {
			compare(t, path, want.Index(i), got.Index(i))
		}
	case reflect.String:
		if got.String() == "" {
			t.Errorf("%s has no text", path)
		}
		in, out := places.FindAllString(want.String(), -1), places.FindAllString(got.String(), -1)
		slices.Sort(in)
		slices.Sort(out)
		if !slices.Equal(in, out) {
			t.Errorf("%s has the places %v, want %v", path, out, in)
		}
	default:
		if got.IsNil() {
			t.Errorf("%s is missing", path)
		}
	}
}
