// Package config is the one struct that says how a server runs, read from defaults, a file, the
// environment and flags, each overruling the one before. It imports the standard library and koanf
// and must know nothing of the other rooms.
package config
