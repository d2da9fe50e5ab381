package consent

import "strconv"

var english = texts{
	tag:  "en",
	shop: "The shop",

	payNow:     "You pay {amount} to {who} now.",
	nothingNow: "Nothing is charged now; your payment details are checked.",
	countsNow:  "The payment you make now is the first of these charges.",
	onlyNow:    "This payment is the only charge that the agreement permits.",
	will:       "{who} will charge {sum} {rhythm}{span}{limits}.",
	may:        "{who} may charge {sum} {rhythm}{span}{limits}, without asking you again.",
	mayAlso: "{who} may also charge {sum} whenever a payment is due{span}, " +
		"without asking you again.{together}",
	together: " All charges together: {limits}.",
	kept:     "Your payment details are kept for these charges.",
	varies:   "The amount may change: each charge may be {sum}.",

	between:   "between {min} and {max}",
	upTo:      "up to {max}",
	orMore:    "{min} or more",
	anyAmount: "any amount",
	nextPart:  "the next instalment",
	onePart:   "The only instalment is {list}.",
	someParts: "The instalments are, in this order, {list}.",
	manyParts: "There are {n} instalments of up to {max} each.",

	whenever: "whenever a payment is due",
	from:     "from {date}",
	until:    "until {date}",
	atMost:   "at most {what}",
	inAll:    "at most {max} in all",

	weekend: "When that day is a Saturday or a Sunday, " +
		"the charge is made on the nearest weekday of the same month.",
	noEnd: "This permission has no end: it lasts until you stop it.",
	retry: "A charge that fails may be tried again on later days.",
	stop: "You can stop this at any time: open the page of this agreement, " +
		"linked from your receipt, or tell {who}.",
	saving: "Keep my details at {who} for my next payment",

	atTime: "Charges are made at {time}, in the time zone {zone}.",
	zone:   "Dates are those in the time zone {zone}.",

	day: step{"every day", "every day", "every {n} days", "every {n} days"},
	week: step{
		"every week", "every {days}", "every {n} weeks", "every {n} weeks on {days}",
	},
	month: step{
		"every month", "on {days} of each month", "every {n} months", "every {n} months on {days}",
	},
	year: step{
		"every year", "on {days} of each year", "every {n} years", "every {n} years on {days}",
	},
	weekday:      "{day}",
	nthWeekday:   "the {nth} {day}",
	shorterMonth: " (in shorter months on the last day)",
	shorterYear:  " (on 28 February in other years)",

	period:    "No more than {what} {window}.",
	anyDay:    "in any one day",
	anyWeek:   "in any one week, Monday to Sunday",
	anyMonth:  "in any one calendar month",
	anyYear:   "in any one calendar year",
	weekFrom:  "in any one week that begins on {day}",
	monthFrom: "in any one month that begins on {day}",
	yearFrom:  "in any one year that begins on {day}",

	and:      " and ",
	times:    plural{"once", "{n} times"},
	payments: plural{"one payment", "{n} payments"},
	weekdays: [...]string{
		"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
	},
	months: [...]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December",
	},

	date:     func(day int64) string { return strconv.FormatInt(day, 10) },
	monthDay: englishMonthDay,
	nth:      englishNth,
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
	words := [...]string{1: "first", "second", "third", "fourth"}
	if n < 1 || int(n) >= len(words) {
		return "last"
	}
	return words[n]
}

func englishOrdinal(n int64) string {
	suffix := "th"
	if n/10%10 != 1 { // 11th, 12th, 13th
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
