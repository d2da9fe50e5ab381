package consent

// Amended returns the sentences of an agreement that is changed, as it will be once the payer has
// agreed to the change. Nothing is paid at that moment, so nothing is said of a payment.
func Amended(f Facts) []string {
	f.Amount = 0
	return Words(f)[1:]
}
