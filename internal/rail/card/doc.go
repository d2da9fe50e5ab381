// Package card is the simulated card network of test mode: the number of the card decides how a
// payment is treated, and 3-D Secure sends the payer to the issuer's page. docs/test-values.md
// lists the numbers.
//
// It is a model for simnet, which keeps the records and the ledger. It imports simnet, pay and
// money; it must never keep a card number or a security code.
package card
