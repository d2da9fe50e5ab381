// Package sim is the other side of the counter in test mode: pages on which a person plays the
// payer. There is the payer's phone with its mobile-money prompts, the payer's bank with its app
// for PayTo agreements, and the card issuer's page of 3-D Secure. In development there is an
// overview of everybody who is being asked, and switches for how the networks behave.
//
// It imports pay, the shared plumbing of pages, the standard library and nothing else of ours. It
// never decides anything by itself: it shows what the core's prompts and payments say and hands the
// answers to the core. It must work without a script, never show more of a card than its last
// digits, never show one session's payer to whoever lacks that session's page key, and never send a
// browser anywhere but back to our own pages.
package sim
