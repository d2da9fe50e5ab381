// Package money holds amounts: integer minor units with their ISO 4217 currency, and nothing else.
// It imports the standard library and the CLDR tables for display; it must never see a float.
package money
