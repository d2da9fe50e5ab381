// Package sim is the other side of the counter in test mode: pages on which a person plays the
// payer's bank. Today it is the card issuer's page of 3-D Secure, where a challenged payment is
// approved or declined.
//
// It imports pay, the standard library and nothing else of ours. It never decides anything by
// itself: it shows what the core's Prompt says and hands the answer to DecidePrompt. It must work
// without a script, never show more of a card than its last digits, and never send a browser
// anywhere but back to our own checkout page.
package sim
