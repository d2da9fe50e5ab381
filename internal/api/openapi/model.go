package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// A manual is what the page shows.
type manual struct {
	Title, Summary string
	About          []paragraph
	Groups         []*group
	Errors         []problem
}

// A group is the operations and webhooks of one tag.
type group struct {
	Name, ID string
	About    []paragraph
	Calls    []*call
	Events   []event
}

// A call is one operation. Methods that do the same are one.
type call struct {
	ID, Summary, Path string
	Methods           []string
	About             []paragraph
	Params, Body      []field
	Curl              string
	Status            string
	Answer            []field
	Example           string
}

// An event is something that webhooks are told.
type event struct{ Name, About string }

// A field is a parameter or a member of an object.
type field struct {
	Name, Type, In string
	Required       bool
	About          []paragraph
	Words          []string // all that it can be
}

// A problem is an answer that says no.
type problem struct {
	Status string
	About  []paragraph
}

// A paragraph is text with code in it.
type paragraph []span

type span struct {
	Text string
	Code bool
}

// prose reads the little of Markdown that the document uses: blank lines between paragraphs, and
// backticks around code.
func prose(text string) (all []paragraph) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		part = strings.Join(strings.Fields(part), " ")
		if part == "" {
			continue
		}
		var p paragraph
		for i, s := range strings.Split(part, "`") {
			if s != "" {
				p = append(p, span{s, i%2 == 1})
			}
		}
		all = append(all, p)
	}
	return all
}

// methods are the members of a path that are operations.
var methods = []string{"get", "post", "patch", "put", "delete"}

// read turns the document into what the page shows. base is the origin in the examples.
func read(doc node, base string) (*manual, error) {
	info := doc.get("info")
	m := &manual{
		Title: info.get("title").text(), Summary: info.get("summary").text(),
		About: prose(info.get("description").text()),
	}
	for _, tag := range doc.get("tags").items() {
		name := tag.get("name").text()
		m.Groups = append(m.Groups, &group{
			Name: name, ID: slug(name), About: prose(tag.get("description").text()),
		})
	}
	for _, path := range doc.get("paths").pairs() {
		if err := m.addPath(path.key, path.value, base); err != nil {
			return nil, fmt.Errorf("%s: %w", path.key, err)
		}
	}
	for _, hook := range doc.get("webhooks").pairs() {
		op := hook.value.get("post")
		g, err := m.group(op)
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", hook.key, err)
		}
		g.Events = append(g.Events, event{hook.key, op.get("summary").text()})
	}
	m.addErrors(doc)
	return m, nil
}

func slug(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

func (m *manual) group(op node) (*group, error) {
	for _, tag := range op.get("tags").items() {
		i := slices.IndexFunc(m.Groups, func(g *group) bool { return g.Name == tag.text() })
		if i >= 0 {
			return m.Groups[i], nil
		}
	}
	return nil, fmt.Errorf("the operation has no known tag")
}

// addPath adds the operations of a path. Those with the same summary are shown once.
func (m *manual) addPath(path string, item node, base string) error {
	for _, member := range item.pairs() {
		method, op := member.key, member.value
		if !slices.Contains(methods, method) {
			continue
		}
		g, err := m.group(op)
		if err != nil {
			return err
		}
		summary := op.get("summary").text()
		same := func(c *call) bool { return c.Path == path && c.Summary == summary }
		if i := slices.IndexFunc(g.Calls, same); i >= 0 {
			g.Calls[i].Methods = append(g.Calls[i].Methods, strings.ToUpper(method))
			continue
		}
		c := &call{
			ID: op.get("operationId").text(), Summary: summary, Path: path,
			Methods: []string{strings.ToUpper(method)},
			About:   prose(op.get("description").text()),
		}
		if err := c.fill(op, item, base); err != nil {
			return err
		}
		g.Calls = append(g.Calls, c)
	}
	return nil
}

func (c *call) fill(op, item node, base string) error {
	path := c.Path
	for _, list := range []node{item.get("parameters"), op.get("parameters")} {
		for _, p := range list.items() {
			p = p.follow()
			f := fieldOf(p.get("name").text(), p.get("schema"))
			f.In, f.Required = p.get("in").text(), p.get("required").text() == "true"
			f.About = prose(p.get("description").text())
			c.Params = append(c.Params, f)
			path = strings.ReplaceAll(path, "{"+f.Name+"}", p.get("example").text())
		}
	}
	schema := op.get("requestBody", "content", "application/json", "schema")
	c.Body = allFields(schema)
	example, err := exampleOf(schema)
	if err != nil {
		return err
	}
	c.Curl = curl(c.Methods[0], base+path, example)
	return c.fillAnswer(op)
}

// fillAnswer reads the answer to an operation that went well.
func (c *call) fillAnswer(op node) (err error) {
	for _, answer := range op.get("responses").pairs() {
		if !strings.HasPrefix(answer.key, "2") {
			continue
		}
		schema := answer.value.follow().get("content", "application/json", "schema")
		c.Status, c.Answer = answer.key, fields(schema)
		c.Example, err = exampleOf(schema)
		return err
	}
	return fmt.Errorf("%s has no answer", c.ID)
}

// addErrors adds the shared answers that say no, under the status with which operations use them.
func (m *manual) addErrors(doc node) {
	status := map[string]string{}
	for _, path := range doc.get("paths").pairs() {
		for _, op := range path.value.pairs() {
			for _, answer := range op.value.get("responses").pairs() {
				status[answer.value.name()] = answer.key
			}
		}
	}
	for _, r := range doc.get("components", "responses").pairs() {
		m.Errors = append(m.Errors, problem{
			Status: status[r.key], About: prose(r.value.get("description").text()),
		})
	}
}

// curl writes the call of a merchant's server to a development server.
func curl(method, url, body string) string {
	var b strings.Builder
	b.WriteString("curl ")
	switch {
	case method == "GET", method == "POST" && body != "":
	default:
		b.WriteString("-X " + method + " ")
	}
	b.WriteString(url + " \\\n  -H \"Authorization: Bearer sk_test_demo\"")
	if body != "" {
		body = strings.ReplaceAll(body, "\n", "\n  ")
		b.WriteString(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '" + body + "'")
	}
	return b.String()
}
