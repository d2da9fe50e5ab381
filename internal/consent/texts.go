package consent

import (
	"strings"

	"github.com/kassa-pay/kassa/internal/terms"
)

// texts is the catalogue of one language. Words in braces are places.
type texts struct {
	tag  string // of the formats of money
	shop string // for a merchant without a name

	payNow, nothingNow     string
	will, may, mayAlso     string
	varies                 string
	between, upTo, orMore  string
	anyAmount              string
	someParts, manyParts   string
	whenever               string
	from, until            string
	atMost, inAll          string
	weekend, noEnd, retry  string
	stop, saving           string
	atTime, zone           string
	on                     string
	nthWeekday             string
	shorterMonth           string
	shorterYear            string
	period                 string
	anyDay, anyWeek        string
	anyMonth, anyYear      string
	weekFrom, monthFrom    string
	yearFrom               string
	and                    string
	times, payments, part  plural
	day, week, month, year step
	weekdays               [7]string
	months                 [12]string
	date                   func(*texts, terms.Date) string // a year of 0 is left out
	monthDay               func(int64) string
	nth                    func(int64) string
}

// plural is a count of something.
type plural struct{ one, other string }

// step is a unit of a rhythm: one of it without and with the days named, and several of it.
type step struct{ each, eachOn, every string }

var languages = map[string]*texts{"en": &english, "fr": &french}

// speak finds the texts of a language by its first part.
func speak(language string) *texts {
	base, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	if found, ok := languages[strings.ToLower(base)]; ok {
		return found
	}
	return &english
}
