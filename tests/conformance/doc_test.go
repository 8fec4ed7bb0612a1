// Package conformance_test proves the REST API against its contract, openapi/openapi.yaml, from outside.
//
// The files in testdata hold cases. A case starts with a line
//
//	case operationId, operationId: what it shows
//
// which names the operations of the contract that it proves; every operation has at least one case, and every case sends what
// it names. A registry of its own, empty and in memory, serves each case. Then come requests with their answers:
//
//	METHOD /path {JSON body}
//	  continuation of the body
//	STATUS pattern
//
// A body may give the text of a schema as a JSON object or list; it is sent as text. Lines "Name: value" before a request are
// its headers. A request that breaks the contract on purpose is marked with "!" and must break it. "server" lines before the
// first request give options of the server.
//
// The pattern after a status is JSON: members of objects that it does not name are free, null stands for an absent member,
// lists are compared whole, a string "~x" is a regular expression, and an object or list where the answer has a text is
// compared with the JSON in that text. "= text" is the whole body, "~ x" a regular expression on it, and nothing anything.
//
// Every request and every answer is validated against the contract as well.
package conformance_test
