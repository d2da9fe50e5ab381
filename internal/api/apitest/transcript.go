package apitest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// kind tells what a step does.
type kind int

const (
	stepRequest kind = iota
	stepAdvance
	stepWebhook
)

// A header is one line of a request's or an answer's header, in the order of the file.
type header struct{ name, value string }

// A step is one section of a transcript.
type step struct {
	comment string // what stands above the title, as it is in the file
	title   string
	line    int
	kind    kind
	method  string
	path    string
	headers []header
	body    string
	by      time.Duration // advance
	byText  string
	event   string // webhook
	want    answer
}

// An answer is what is expected of a step.
type answer struct {
	given   bool
	status  int // 0 for a webhook
	headers []header
	body    string
}

const (
	markStep   = "=== "
	markAnswer = "---"
)

// parse reads a transcript.
func parse(text string) ([]*step, error) {
	var steps []*step
	var comment strings.Builder
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		if !strings.HasPrefix(line, markStep) {
			if line != "" && !strings.HasPrefix(line, "#") {
				return nil, fmt.Errorf("line %d: expected a comment or a step: %q", i+1, line)
			}
			if line != "" || comment.Len() > 0 {
				comment.WriteString(line + "\n")
			}
			i++
			continue
		}
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], markStep) &&
			!strings.HasPrefix(lines[end], "# ") {
			end++
		}
		s, err := parseStep(lines[i:end])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		s.line, s.comment = i+1, comment.String()
		comment.Reset()
		steps = append(steps, s)
		i = end
	}
	return steps, nil
}

func parseStep(lines []string) (*step, error) {
	s := &step{title: strings.TrimPrefix(lines[0], markStep)}
	if len(lines) < 2 || lines[1] == "" {
		return nil, fmt.Errorf("step without content")
	}
	first, rest, _ := strings.Cut(lines[1], " ")
	ask, want := lines[2:], []string(nil)
	for i, line := range ask {
		if line == markAnswer || strings.HasPrefix(line, markAnswer+" ") {
			ask, want = ask[:i], ask[i:]
			break
		}
	}
	var err error
	switch first {
	case "advance":
		s.kind, s.byText = stepAdvance, rest
		s.by, err = time.ParseDuration(rest)
		return s, err
	case "webhook":
		s.kind, s.event = stepWebhook, rest
	default:
		s.method, s.path = first, rest
		if s.headers, s.body, err = parseMessage(ask); err != nil {
			return nil, err
		}
	}
	if want == nil {
		return s, nil
	}
	s.want.given = true
	if code := strings.TrimSpace(strings.TrimPrefix(want[0], markAnswer)); code != "" {
		if s.want.status, err = strconv.Atoi(code); err != nil {
			return nil, err
		}
	}
	s.want.headers, s.want.body, err = parseMessage(want[1:])
	return s, err
}

// parseMessage splits header lines from a body at the first blank line. Blank lines at the end
// belong to neither.
func parseMessage(lines []string) (headers []header, body string, err error) {
	for i, line := range lines {
		if line == "" {
			body = strings.TrimRight(strings.Join(lines[i+1:], "\n"), "\n")
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, "", fmt.Errorf("not a header line: %q", line)
		}
		headers = append(headers, header{name, strings.TrimSpace(value)})
	}
	return headers, body, nil
}

// render writes the step as parse reads it.
func (s *step) render(b *strings.Builder) {
	b.WriteString(s.comment)
	b.WriteString(markStep + s.title + "\n")
	switch s.kind {
	case stepAdvance:
		fmt.Fprintf(b, "advance %s\n\n", s.byText)
		return
	case stepWebhook:
		fmt.Fprintf(b, "webhook %s\n", s.event)
	default:
		fmt.Fprintf(b, "%s %s\n", s.method, s.path)
		renderMessage(b, s.headers, s.body)
	}
	b.WriteString(markAnswer)
	if s.want.status != 0 {
		fmt.Fprintf(b, " %d", s.want.status)
	}
	b.WriteString("\n")
	renderMessage(b, s.want.headers, s.want.body)
	b.WriteString("\n")
}

func renderMessage(b *strings.Builder, headers []header, body string) {
	for _, h := range headers {
		b.WriteString(strings.TrimRight(h.name+": "+h.value, " ") + "\n")
	}
	if body != "" {
		b.WriteString("\n" + body + "\n")
	}
}
