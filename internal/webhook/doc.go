// Package webhook brings events to the merchants' endpoints: it fans events out into deliveries,
// signs and sends them, records each attempt and repeats it by the ladder.
//
// It imports the core, egress, ident and secret. It must never send what is not stored, encode an
// event twice for the same protocol, keep an answer's body, or let one receiver hold up another.
package webhook
