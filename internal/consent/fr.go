package consent

import "strconv"

var french = texts{
	tag:  "fr",
	shop: "Le marchand",

	payNow:     "Vous payez {amount} à {who} maintenant.",
	nothingNow: "Rien n’est débité maintenant ; votre moyen de paiement est vérifié.",
	countsNow:  "Le paiement que vous faites maintenant est le premier de ces prélèvements.",
	onlyNow:    "Ce paiement est le seul prélèvement que permet l’accord.",
	will:       "{who} prélèvera {sum} {rhythm}{span}{limits}.",
	may:        "{who} peut prélever {sum} {rhythm}{span}{limits}, sans vous le redemander.",
	mayAlso: "{who} peut aussi prélever {sum} lorsqu’un paiement est dû{span}, " +
		"sans vous le redemander.{together}",
	together: " Tous les prélèvements ensemble : {limits}.",
	kept:     "Votre moyen de paiement est conservé pour ces prélèvements.",
	varies:   "Le montant peut changer : chaque prélèvement peut être de {sum}.",

	between:   "entre {min} et {max}",
	upTo:      "{max} au plus",
	orMore:    "{min} ou plus",
	anyAmount: "n’importe quel montant",
	nextPart:  "le versement suivant",
	onePart:   "Le seul versement est de {list}.",
	someParts: "Les versements sont, dans cet ordre, de {list}.",
	manyParts: "Il y a {n} versements de {max} au plus chacun.",

	whenever: "lorsqu’un paiement est dû",
	from:     "à partir du {date}",
	until:    "jusqu’au {date}",
	atMost:   "au plus {what}",
	inAll:    "au plus {max} en tout",

	weekend: "Si ce jour est un samedi ou un dimanche, " +
		"le prélèvement a lieu le jour de semaine le plus proche du même mois.",
	noEnd: "Cet accord n’a pas de fin : il dure jusqu’à ce que vous l’arrêtiez.",
	retry: "Un prélèvement qui échoue peut être tenté de nouveau les jours suivants.",
	stop: "Vous pouvez arrêter à tout moment : ouvrez la page de cet accord, " +
		"dont le lien est sur votre reçu, ou dites-le à {who}.",
	saving: "Enregistrer mon moyen de paiement chez {who} pour la prochaine fois",

	atTime: "Les prélèvements ont lieu à {time}, dans le fuseau horaire {zone}.",
	zone:   "Les dates sont celles du fuseau horaire {zone}.",

	day: step{"chaque jour", "chaque jour", "tous les {n} jours", "tous les {n} jours"},
	week: step{
		"chaque semaine", "{days} de chaque semaine",
		"toutes les {n} semaines", "toutes les {n} semaines, {days}",
	},
	month: step{
		"chaque mois", "{days} de chaque mois", "tous les {n} mois", "tous les {n} mois, {days}",
	},
	year: step{
		"chaque année", "le {days} de chaque année", "tous les {n} ans", "tous les {n} ans, le {days}",
	},
	weekday:      "le {day}",
	nthWeekday:   "le {nth} {day}",
	shorterMonth: " (le dernier jour des mois plus courts)",
	shorterYear:  " (le 28 février les autres années)",

	period:    "Pas plus de {what} {window}.",
	anyDay:    "par jour",
	anyWeek:   "par semaine, du lundi au dimanche",
	anyMonth:  "par mois civil",
	anyYear:   "par année civile",
	weekFrom:  "par période d’une semaine qui commence un {day}",
	monthFrom: "par période d’un mois qui commence {day}",
	yearFrom:  "par période d’un an qui commence le {day}",

	and:      " et ",
	times:    plural{"1 fois", "{n} fois"},
	payments: plural{"1 paiement", "{n} paiements"},
	weekdays: [...]string{
		"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi",
	},
	months: [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
		"octobre", "novembre", "décembre",
	},

	date:     frenchDay,
	monthDay: frenchMonthDay,
	nth:      frenchNth,
}

func frenchMonthDay(day int64) string {
	switch {
	case day == -1:
		return "le dernier jour"
	case day == -2:
		return "l’avant-dernier jour"
	case day < 0:
		return "le " + strconv.FormatInt(-day, 10) + "e jour à compter de la fin"
	}
	return "le " + frenchDay(day)
}

// frenchDay: the first of a month is the only one with an ordinal.
func frenchDay(day int64) string {
	if day == 1 {
		return "1er"
	}
	return strconv.FormatInt(day, 10)
}

func frenchNth(n int64) string {
	words := [...]string{1: "premier", "deuxième", "troisième", "quatrième"}
	if n < 1 || int(n) >= len(words) {
		return "dernier"
	}
	return words[n]
}
