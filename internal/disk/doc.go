// Package disk watches how much room the data directory's file system has left. It says when new
// work must be refused, and it keeps a ballast file that it gives up when the disk is full, so
// that what is already under way can still be stored.
//
// It imports the standard library alone. It must never know what is stored, and never touch any
// file but its own.
package disk
