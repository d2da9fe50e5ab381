package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A node is a value of the document. The zero node is a missing one, and all questions to it are
// answered with nothing.
type node struct {
	*yaml.Node
	root *yaml.Node
}

// document parses the text.
func document(text []byte) (node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return node{}, err
	}
	if len(doc.Content) != 1 {
		return node{}, fmt.Errorf("not one document")
	}
	root := doc.Content[0]
	return node{Node: root, root: root}, nil
}

func (n node) missing() bool { return n.Node == nil }

// get returns the member of an object with references followed.
func (n node) get(keys ...string) node {
	for _, key := range keys {
		n = n.member(key).follow()
	}
	return n
}

func (n node) member(key string) node {
	for i := 0; !n.missing() && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return node{n.Content[i+1], n.root}
		}
	}
	return node{root: n.root}
}

// follow returns what a reference means; anything else as it is.
func (n node) follow() node {
	ref := n.ref()
	if ref == "" {
		return n
	}
	return node{n.root, n.root}.get(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// ref returns where a reference points to.
func (n node) ref() string { return n.member("$ref").text() }

// name returns the last word of a reference, the name of the component that is meant.
func (n node) name() string {
	ref := n.ref()
	return ref[strings.LastIndex(ref, "/")+1:]
}

// text returns a scalar.
func (n node) text() string {
	if n.missing() || n.Kind != yaml.ScalarNode {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// items returns the elements of an array.
func (n node) items() (all []node) {
	if n.missing() || n.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range n.Content {
		all = append(all, node{item, n.root})
	}
	return all
}

// A pair is one member of an object.
type pair struct {
	key   string
	value node
}

// pairs returns the members of an object in the order of the text, references not followed.
func (n node) pairs() (all []pair) {
	if n.missing() || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, pair{n.Content[i].Value, node{n.Content[i+1], n.root}})
	}
	return all
}

// has reports whether an array of words has the word.
func (n node) has(word string) bool {
	for _, item := range n.items() {
		if item.text() == word {
			return true
		}
	}
	return false
}

// json writes the node as an indented JSON document, members in the order of the text.
func (n node) json() (string, error) {
	var b bytes.Buffer
	if err := n.write(&b); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err := json.Indent(&out, b.Bytes(), "", "  ")
	return out.String(), err
}

func (n node) write(b *bytes.Buffer) error {
	switch n.Kind {
	case yaml.MappingNode:
		return n.writeAll(b, "{}")
	case yaml.SequenceNode:
		return n.writeAll(b, "[]")
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return err
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (n node) writeAll(b *bytes.Buffer, around string) error {
	b.WriteByte(around[0])
	isObject := n.Kind == yaml.MappingNode
	for i, item := range n.Content {
		isValue := isObject && i%2 == 1
		switch {
		case isValue:
			b.WriteByte(':')
		case i > 0:
			b.WriteByte(',')
		}
		if err := (node{item, n.root}).write(b); err != nil {
			return err
		}
	}
	b.WriteByte(around[1])
	return nil
}
