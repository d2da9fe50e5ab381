// Package secret keeps card numbers, card verification values, keys and other secrets out of
// everything that is printed. Its types show a mask to every printer, encoder and logger; Reveal
// is the only way out. Mask and Handler are the second fence: they clean text in which a secret
// arrived as an ordinary string, or an e-mail address or phone number, which is personal data and
// in PayTo names an account.
//
// It imports the standard library alone and must never log, store or send anything itself.
package secret
