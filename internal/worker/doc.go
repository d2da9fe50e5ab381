// Package worker is the room with the loops: it runs due work when somebody wakes it, and from time
// to time in case nobody did.
//
// It imports the core for the names of the work, and the standard library. It must never know what
// a job does, let one job hold up another, or end because a job failed.
package worker
