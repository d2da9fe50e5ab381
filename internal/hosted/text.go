package hosted

import (
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/bidi"
)

//go:embed locale/*.json
var localeFiles embed.FS

// maxLanguages bounds the Accept-Language header that is looked at, in bytes.
const maxLanguages = 256

// maxName bounds a merchant's name on the page, in characters.
const maxName = 80

// speech is one language of the catalogue.
type speech struct {
	Lang, Dir string
	localizer *i18n.Localizer
}

// catalogue holds the page's texts in every language. A message is a template over the page it
// stands on.
type catalogue struct {
	matcher language.Matcher
	speech  []speech // in the matcher's order; the first is English, which is complete
}

func newCatalogue() (*catalogue, error) {
	bundle := i18n.NewBundle(language.English)
	files, err := localeFiles.ReadDir("locale")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if _, err := bundle.LoadMessageFileFS(localeFiles, "locale/"+f.Name()); err != nil {
			return nil, fmt.Errorf("locale %s: %w", f.Name(), err)
		}
	}
	tags := bundle.LanguageTags()
	c := &catalogue{matcher: language.NewMatcher(tags)}
	for _, tag := range tags {
		c.speech = append(c.speech, speech{
			Lang: tag.String(), Dir: direction(tag),
			localizer: i18n.NewLocalizer(bundle, tag.String()),
		})
	}
	return c, nil
}

// pick returns the language that suits the request best, English if none does.
func (c *catalogue) pick(r *http.Request) *speech {
	header := r.Header.Get("Accept-Language")
	wanted, _, err := language.ParseAcceptLanguage(header[:min(len(header), maxLanguages)])
	if err != nil {
		return &c.speech[0]
	}
	_, i, _ := c.matcher.Match(wanted...)
	return &c.speech[i]
}

// rightToLeft are the scripts in use that are written from right to left, ISO 15924.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"}

func direction(tag language.Tag) string {
	script, _ := tag.Script()
	if slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// say returns the message in the language, filled from data.
func (s *speech) say(id string, data any) (string, error) {
	return s.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
}

// count is say for a message that depends on a number.
func (s *speech) count(id string, n int, data any) (string, error) {
	return s.localizer.Localize(&i18n.LocalizeConfig{
		MessageID: id, PluralCount: n, TemplateData: data,
	})
}

// Marks of Unicode that keep a text of unknown direction from reordering its surroundings.
const (
	isolateOpen = "\u2068"
	isolateEnd  = "\u2069"
)

// isolate wraps a text that somebody else wrote when its direction could differ from the page's.
func (s *speech) isolate(text string) string {
	foreign := func(r rune) bool {
		p, _ := bidi.LookupRune(r)
		return p.Class() == bidi.R || p.Class() == bidi.AL
	}
	if s.Dir == "rtl" || strings.ContainsFunc(text, foreign) {
		return isolateOpen + text + isolateEnd
	}
	return text
}

// plain returns a merchant's text without control characters and without those that change the
// direction of what follows, cut to a length that a page can show.
func plain(text string) string {
	cleaned := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(cleaned), " "))
	if len(runes) > maxName {
		return string(runes[:maxName-1]) + "…"
	}
	return string(runes)
}
