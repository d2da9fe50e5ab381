// Package payid knows the two ways in which an Australian payer names an account: by a PayID – a
// phone number, an email address, a business number or an organisation's chosen name – or by BSB
// and account number. It classifies what a person typed, brings it to the form that the New
// Payments Platform compares, checks what can be checked without asking anybody, and masks it for
// display.
//
// A leaf: it imports nothing of ours, dials nobody and keeps nothing.
package payid
