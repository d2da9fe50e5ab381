// Package openapi describes the APIs: an OpenAPI 3.1 document of each, written by hand, and the
// documentation page that is drawn from the native one when the program starts. All work offline.
//
// It imports the standard library, a YAML parser and site. It must never see a request's key, never
// load anything from elsewhere, and never say what the document does not.
package openapi
