// Package openapi describes the native API: the OpenAPI 3.1 document, written by hand, and the
// documentation page that is drawn from it when the program starts. Both work offline.
//
// It imports the standard library, a YAML parser and site. It must never see a request's key, never
// load anything from elsewhere, and never say what the document does not.
package openapi
