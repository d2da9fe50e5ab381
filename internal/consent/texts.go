package consent

import "strings"

// texts is the catalogue of one language. Words in braces are places that values are put into.
type texts struct {
	tag  string // of the formats of money
	shop string // for a merchant without a name

	payNow, nothingNow string
	countsNow, onlyNow string // of the payment that is one of the charges
	will, may, mayAlso string
	together, varies   string
	kept               string

	between, upTo, orMore, anyAmount string // amounts of one charge
	nextPart                         string // instead of an amount
	onePart, someParts, manyParts    string

	whenever, from, until string
	atMost, inAll         string

	weekend, noEnd, retry, stop, saving string

	atTime, zone string

	day, week, month, year    step
	weekday, nthWeekday       string // in the list of a rhythm
	shorterMonth, shorterYear string

	period                             string
	anyDay, anyWeek, anyMonth, anyYear string
	weekFrom, monthFrom, yearFrom      string

	and             string
	times, payments plural
	weekdays        [7]string // from Sunday
	months          [12]string

	date     func(day int64) string // the number of a day, in a date
	monthDay func(day int64) string // in the list of a rhythm; negative from the month's end
	nth      func(n int64) string   // of the weekdays of a month; negative for the last
}

// plural is a count of something.
type plural struct{ one, other string }

// step is a unit of a rhythm: one of it and several, without and with the days named.
type step struct{ each, eachOn, every, everyOn string }

var languages = map[string]*texts{"en": &english, "fr": &french}

// speak finds the texts of a language by its first part.
func speak(language string) *texts {
	base, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	if found, ok := languages[strings.ToLower(base)]; ok {
		return found
	}
	return &english
}
