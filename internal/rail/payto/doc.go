// Package payto is the simulated New Payments Platform of test mode with its PayTo service: payers
// agree in the app of their bank, and payments under an agreement settle within seconds. It
// resolves PayIDs, holds payments to the terms that were agreed to, and speaks the platform's own
// reason codes. What a value in docs/test-values.md asks for happens.
//
// It imports pay, the leaves payid, npp and terms, and simnet, which keeps the records. It must
// never call the core.
package payto
