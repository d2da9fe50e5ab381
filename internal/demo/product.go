package demo

import "slices"

// currency is what the shop's prices are in.
const currency = "GHS"

// product is something on the shelf.
type product struct {
	Code, Name, Text string
	Amount           int64  // in minor units of the currency
	Price            string // the same for people
	Picture          string // the name of a file
}

// shelf is everything the shop sells.
var shelf = []product{
	{"mug", "Stoneware mug", "Thrown in Accra, glazed in indigo", 5000, "GHS 50.00", "mug.svg"},
	{"tote", "Kente tote bag", "A strip of Bonwire kente on cotton", 12000, "GHS 120.00", "tote.svg"},
	{"shea", "Shea butter", "Unrefined, from Tamale, 200 g", 3500, "GHS 35.00", "shea.svg"},
}

func find(code string) (product, bool) {
	i := slices.IndexFunc(shelf, func(p product) bool { return p.Code == code })
	if i < 0 {
		return product{}, false
	}
	return shelf[i], true
}
