package openapi

import (
	"cmp"
	"strings"
)

// fields lists the members of an object's schema, those of its parts first.
func fields(schema node) (all []field) {
	for _, part := range schema.get("allOf").items() {
		for _, f := range fields(part.follow()) {
			all = merge(all, f)
		}
	}
	required := schema.get("required")
	for _, p := range schema.get("properties").pairs() {
		f := fieldOf(p.key, p.value.follow())
		f.Required = required.has(p.key)
		all = merge(all, f)
	}
	return all
}

// allFields lists the members of an object's schema with those of its parts, which are named with
// dots.
func allFields(schema node) (all []field) {
	for _, f := range fields(schema) {
		all = append(all, f)
		for _, inner := range allFields(present(schema.get("properties", f.Name))) {
			inner.Name = f.Name + "." + inner.Name
			all = append(all, inner)
		}
	}
	return all
}

// merge adds a field, or what a part of the schema says beyond an earlier one.
func merge(all []field, f field) []field {
	for i := range all {
		if all[i].Name == f.Name {
			all[i].Required = all[i].Required || f.Required
			return all
		}
	}
	return append(all, f)
}

// fieldOf describes one value.
func fieldOf(name string, schema node) field {
	schema = present(schema)
	f := field{Name: name, Type: typeOf(schema), About: prose(schema.get("description").text())}
	for _, w := range schema.get("enum").items() {
		if w.Tag != "!!null" {
			f.Words = append(f.Words, w.text())
		}
	}
	if c := schema.get("const"); !c.missing() {
		f.Words = []string{c.text()}
	}
	return f
}

// present returns what a value is when it is not null, with the description of the whole.
func present(schema node) node {
	for _, choice := range schema.get("anyOf").items() {
		choice = choice.follow()
		if choice.get("type").text() == "null" {
			continue
		}
		if schema.get("description").missing() {
			return choice
		}
		whole := *schema.Node
		whole.Content = append(append(whole.Content[:0:0], whole.Content...), choice.Content...)
		return node{&whole, schema.root}
	}
	return schema
}

// typeOf names the type of a value for people.
func typeOf(schema node) string {
	var names []string
	for _, t := range schema.get("type").items() {
		if t.text() != "null" {
			names = append(names, t.text())
		}
	}
	kind := cmp.Or(strings.Join(names, " or "), schema.get("type").text(), "string")
	switch {
	case kind == "array":
		return "array of " + typeOf(schema.get("items")) + "s"
	case kind == "string" && !schema.get("allOf").missing():
		return "object"
	}
	return kind
}

// exampleOf returns the schema's first example, or one that it is made of, as JSON; "" when the
// schema has none.
func exampleOf(schema node) (string, error) {
	if all := schema.get("examples").items(); len(all) > 0 {
		return all[0].json()
	}
	data := schema.get("properties", "data", "items")
	if schema.get("properties", "has_more").missing() || data.missing() {
		return "", nil
	}
	item, err := exampleOf(data)
	if err != nil || item == "" {
		return "", err
	}
	item = strings.ReplaceAll(item, "\n", "\n    ")
	return "{\n  \"object\": \"list\",\n  \"data\": [\n    " + item +
		"\n  ],\n  \"has_more\": false,\n  \"url\": \"/v1/…\"\n}", nil
}
