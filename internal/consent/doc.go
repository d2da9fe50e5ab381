// Package consent finds the words a payer agrees to: how much, how often, until when, and how to
// stop it. The page shows them before the payer agrees, and the mandate keeps them as shown.
//
// It imports terms, money and the catalogue of texts. It decides nothing.
package consent
