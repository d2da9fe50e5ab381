package apitest

import (
	"net/url"
	"strconv"
	"strings"
)

// A tree is a JSON document that places in it are named by their path.
type tree struct{ root any }

// get returns what is at a place.
func (t tree) get(at ...string) (any, bool) {
	v := t.root
	for _, key := range at {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[key]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// resolve follows the reference at a place, if there is one, to the place that is meant.
func (t tree) resolve(at []string) ([]string, bool) {
	v, ok := t.get(at...)
	if !ok {
		return at, false
	}
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return at, true
	}
	return t.resolve(strings.Split(strings.TrimPrefix(ref, "#/"), "/"))
}

// pointer writes a place as the fragment of a URL.
func pointer(at []string) string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, key := range at {
		b.WriteString("/" + url.PathEscape(escape.Replace(key)))
	}
	return b.String()
}

// seal lets no schema of an object take keys that it does not name. Schemas that are parts of
// others take the keys of the whole, and only the whole is sealed.
func (t tree) seal() {
	parts := map[string]bool{}
	each(t.root, func(m map[string]any) {
		all, _ := m["allOf"].([]any)
		for _, part := range all {
			if ref, ok := part.(map[string]any)["$ref"].(string); ok {
				parts[ref] = true
			} else {
				part.(map[string]any)[partMark] = true
			}
		}
	})
	for ref := range parts {
		at := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		if v, ok := t.get(at...); ok {
			v.(map[string]any)[partMark] = true
		}
	}
	each(t.root, sealOne)
}

// partMark marks schemas that are parts of others while a document is sealed. Validators pass over
// words that they do not know.
const partMark = "x-part"

func sealOne(m map[string]any) {
	_, isObject := m["properties"].(map[string]any)
	_, isWhole := m["allOf"].([]any)
	_, decided := m["additionalProperties"]
	if (isObject || isWhole) && !decided && m[partMark] == nil {
		m["unevaluatedProperties"] = false
	}
}

// each visits every object of a document.
func each(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for key, item := range v {
			if key != "examples" && key != "example" {
				each(item, visit)
			}
		}
	case []any:
		for _, item := range v {
			each(item, visit)
		}
	}
}
