package payid

// What the digits of a business number weigh in its check.
var (
	abnWeights = [abnDigits]int{10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19}
	acnWeights = [acnDigits - 1]int{8, 7, 6, 5, 4, 3, 2, 1}
)

const (
	abnModulus = 89
	acnModulus = 10
)

// validABN checks eleven digits: the first less one, all of them weighed, is a multiple of 89.
func validABN(digits string) bool {
	sum := -abnWeights[0]
	for i, w := range abnWeights {
		sum += w * int(digits[i]-'0')
	}
	return digits[0] != '0' && sum%abnModulus == 0
}

// validACN checks nine digits, of which the last completes the others to a multiple of ten.
func validACN(digits string) bool {
	sum := int(digits[acnDigits-1] - '0')
	for i, w := range acnWeights {
		sum += w * int(digits[i]-'0')
	}
	return sum%acnModulus == 0 && !zeros(digits)
}
