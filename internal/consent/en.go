package consent

import (
	"strconv"

	"github.com/kassa-pay/kassa/internal/terms"
)

var english = texts{
	tag:  "en",
	shop: "The shop",

	payNow:       "You pay {amount} to {who} now.",
	nothingNow:   "Nothing is charged now; your way to pay is checked and kept.",
	will:         "{who} will charge {sum} {rhythm}{span}{limits}.",
	may:          "{who} may charge {sum} {rhythm}{span}{limits}, without asking you each time.",
	mayAlso:      "{who} may also charge {sum} whenever a payment is due{span}, without asking you each time.",
	varies:       "The amount may change: each charge is {sum}.",
	between:      "between {min} and {max}",
	upTo:         "up to {max}",
	orMore:       "{min} or more",
	anyAmount:    "any amount",
	someParts:    "{list} in {n}",
	manyParts:    "{n} of up to {max} each",
	whenever:     "whenever a payment is due",
	from:         " from {date}",
	until:        " until {date}",
	atMost:       "at most {what}",
	inAll:        "at most {max} in all",
	weekend:      "When that day is a Saturday or a Sunday, the charge is made on the nearest weekday of the same month.",
	noEnd:        "This goes on until you stop it.",
	retry:        "A charge that fails may be tried again on later days.",
	stop:         "You can stop this at any time: open the page of this agreement, linked from your receipt, or tell {who}.",
	saving:       "Keep my details at {who} for my next payment",
	atTime:       "Charges are made at {time}, in the time zone {zone}.",
	zone:         "Dates are those of the time zone {zone}.",
	on:           " on {days}",
	nthWeekday:   "the {nth} {day}",
	shorterMonth: " (in shorter months on the last day)",
	shorterYear:  " (28 February in other years)",
	period:       "It is at most {what} {window}.",
	anyDay:       "on any one day",
	anyWeek:      "in any one week, Monday to Sunday",
	anyMonth:     "in any one calendar month",
	anyYear:      "in any one calendar year",
	weekFrom:     "in any one week that begins on {day}",
	monthFrom:    "in any one month that begins on {day}",
	yearFrom:     "in any one year that begins on {day}",
	and:          " and ",
	times:        plural{"once", "{n} times"},
	payments:     plural{"one payment", "{n} payments"},
	part:         plural{"one part", "{n} parts"},
	day:          step{"every day", "every day", "every {n} days"},
	week:         step{"every week", "every {days}", "every {n} weeks"},
	month:        step{"every month", "on {days} of each month", "every {n} months"},
	year:         step{"every year", "every year on {days}", "every {n} years"},
	weekdays: [7]string{
		"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	},
	months: [12]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December",
	},
	date:     englishDate,
	monthDay: englishMonthDay,
	nth:      englishNth,
}

func englishDate(t *texts, d terms.Date) string {
	text := strconv.Itoa(d.Day) + " " + t.months[d.Month-1]
	if d.Year != 0 {
		text += " " + strconv.Itoa(d.Year)
	}
	return text
}

func englishMonthDay(day int64) string {
	switch {
	case day == -1:
		return "the last day"
	case day < 0:
		return "the " + englishOrdinal(-day) + " to last day"
	}
	return "the " + englishOrdinal(day)
}

func englishNth(n int64) string {
	if n < 0 {
		return "last"
	}
	return englishOrdinal(n)
}

func englishOrdinal(n int64) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.FormatInt(n, 10) + suffix
}
