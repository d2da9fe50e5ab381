package hosted

import (
	"strconv"
	"strings"
	"time"
)

// moment is a time as a page tells it.
type moment struct {
	ISO  string // RFC 3339, for programs
	Text string // for people
}

// date writes a day as the language does: 3 October 2026.
func (s *speech) date(t time.Time) (moment, error) { return s.when("day", t) }

// instant writes a time of day with its day and its zone.
func (s *speech) instant(t time.Time) (moment, error) { return s.when("instant", t) }

// when fills a form of the catalogue, whose words in brackets stand for the parts of the time.
func (s *speech) when(form string, t time.Time) (moment, error) {
	months, err := s.say("months", nil)
	if err != nil {
		return moment{}, err
	}
	text, err := s.say(form, nil)
	if err != nil {
		return moment{}, err
	}
	parts := strings.NewReplacer(
		"[day]", strconv.Itoa(t.Day()), "[month]", strings.Fields(months)[t.Month()-1],
		"[year]", strconv.Itoa(t.Year()), "[time]", t.Format("15:04"), "[zone]", t.Format("MST"),
	)
	return moment{
		ISO: t.UTC().Truncate(time.Second).Format(time.RFC3339), Text: parts.Replace(text),
	}, nil
}
