// Package egress is the door through which the house calls addresses that tenants chose. It decides
// on the address that is really dialled, after name resolution, so that no name, redirect, proxy
// or notation leads to an inside service.
//
// It imports the standard library alone. It must never follow a redirect, use a proxy, uncompress
// an answer or keep more of one than its size.
package egress
