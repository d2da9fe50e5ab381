// Package apitest runs transcripts: text files that show a conversation with an API, request by
// request, with the expected answers. A transcript is documentation and test at once.
//
// A file is a list of steps. A step begins with "=== " and a title, and then is one of
//
//	POST /v1/things/{{id}}        a request: method and path, header lines, a blank line and the
//	Idempotency-Key: k1           body, all as they are sent
//
//	{"amount": 5}
//
//	advance 30s                   a move of the clock
//
//	webhook thing.made            the next delivery, which must be of that event
//
// A line "--- 201" ends the request and begins what is expected: the status, header lines, a blank
// line, and the JSON body, whose members must come in that order. For a webhook the line is "---".
// Lines that begin with "#" before the first step and between steps are comments.
//
// {{name}} stands for a value. In a request it is replaced by what was captured under the name; in
// an answer, where it may be a part of a string, its first use captures and every later use must be
// equal. {{any}} matches everything but null and captures nothing.
//
// The flag -update rewrites what is expected, keeps the holes that still match, and puts known
// values back under their names.
//
// Beside the transcripts stand what the tests of every protocol need: a client, keys, a receiver of
// webhooks, and the comparison of code with guides and OpenAPI documents.
//
// The package is for tests alone and may import everything. It must never know a protocol.
package apitest
