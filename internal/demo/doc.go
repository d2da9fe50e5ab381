// Package demo is a small shop for development: it sells three things through Kassa's public API
// and shows what it does and what it is told. It is a merchant, so it knows of Kassa what any
// merchant knows: the address, a secret key, and the documentation.
//
// It imports the standard library and leaves, never the core: whatever it can do, a merchant can.
// Its memory is bounded and ends with the process. It must never believe a browser about a payment,
// only a webhook whose signature fits or what it has looked up itself.
package demo
