package consent

import (
	"strconv"

	"github.com/kassa-pay/kassa/internal/terms"
)

var french = texts{
	tag:  "fr",
	shop: "Le marchand",

	payNow:       "Vous payez {amount} à {who} maintenant.",
	nothingNow:   "Rien n’est débité maintenant ; votre moyen de paiement est vérifié et enregistré.",
	will:         "{who} prélèvera {sum} {rhythm}{span}{limits}.",
	may:          "{who} peut prélever {sum} {rhythm}{span}{limits}, sans vous le demander chaque fois.",
	mayAlso:      "{who} peut aussi prélever {sum} lorsqu’un paiement est dû{span}, sans vous le demander chaque fois.",
	varies:       "Le montant peut changer : chaque prélèvement est de {sum}.",
	between:      "entre {min} et {max}",
	upTo:         "jusqu’à {max}",
	orMore:       "{min} ou plus",
	anyAmount:    "tout montant",
	someParts:    "{list} en {n}",
	manyParts:    "{n} de {max} au plus chacune",
	whenever:     "lorsqu’un paiement est dû",
	from:         " à partir du {date}",
	until:        " jusqu’au {date}",
	atMost:       "au plus {what}",
	inAll:        "au plus {max} en tout",
	weekend:      "Si ce jour est un samedi ou un dimanche, le prélèvement a lieu le jour de semaine le plus proche du même mois.",
	noEnd:        "Cela continue jusqu’à ce que vous l’arrêtiez.",
	retry:        "Un prélèvement qui échoue peut être tenté de nouveau les jours suivants.",
	stop:         "Vous pouvez arrêter à tout moment : ouvrez la page de cet accord, dont le lien est sur votre reçu, ou dites-le à {who}.",
	saving:       "Enregistrer mon moyen de paiement chez {who} pour la prochaine fois",
	atTime:       "Les prélèvements ont lieu à {time}, dans le fuseau horaire {zone}.",
	zone:         "Les dates sont celles du fuseau horaire {zone}.",
	on:           ", le {days}",
	nthWeekday:   "{nth} {day}",
	shorterMonth: " (le dernier jour des mois plus courts)",
	shorterYear:  " (le 28 février les autres années)",
	period:       "C’est au plus {what} {window}.",
	anyDay:       "par jour",
	anyWeek:      "par semaine, du lundi au dimanche",
	anyMonth:     "par mois civil",
	anyYear:      "par année civile",
	weekFrom:     "par semaine qui commence le {day}",
	monthFrom:    "par mois qui commence le {day}",
	yearFrom:     "par année qui commence le {day}",
	and:          " et ",
	times:        plural{"une fois", "{n} fois"},
	payments:     plural{"un paiement", "{n} paiements"},
	part:         plural{"une part", "{n} parts"},
	day:          step{"chaque jour", "chaque jour", "tous les {n} jours"},
	week:         step{"chaque semaine", "chaque {days}", "toutes les {n} semaines"},
	month:        step{"chaque mois", "le {days} de chaque mois", "tous les {n} mois"},
	year:         step{"chaque année", "chaque année le {days}", "tous les {n} ans"},
	weekdays: [7]string{
		"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi",
	},
	months: [12]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
		"octobre", "novembre", "décembre",
	},
	date:     frenchDate,
	monthDay: frenchMonthDay,
	nth:      frenchNth,
}

func frenchDate(t *texts, d terms.Date) string {
	text := frenchDay(int64(d.Day)) + " " + t.months[d.Month-1]
	if d.Year != 0 {
		text += " " + strconv.Itoa(d.Year)
	}
	return text
}

func frenchMonthDay(day int64) string {
	switch {
	case day == -1:
		return "dernier jour"
	case day == -2:
		return "avant-dernier jour"
	case day < 0:
		return strconv.FormatInt(-day, 10) + "e jour avant la fin"
	}
	return frenchDay(day)
}

// frenchDay: the first of a month is the only one with an ordinal.
func frenchDay(day int64) string {
	if day == 1 {
		return "1er"
	}
	return strconv.FormatInt(day, 10)
}

func frenchNth(n int64) string {
	switch {
	case n < 0:
		return "dernier"
	case n == 1:
		return "1er"
	}
	return strconv.FormatInt(n, 10) + "e"
}
