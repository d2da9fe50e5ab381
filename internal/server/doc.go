// Package server is the composition: it builds every room once, mounts the routes, starts and
// stops. It may import everything and decides nothing: whoever looks for a rule looks elsewhere.
package server
