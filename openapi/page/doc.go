// Package page makes one page of HTML of an OpenAPI document, for people to read.
//
// The page is whole: no scripts, no fonts, no images, nothing that a browser would have to fetch, so it works where there is no
// network, and [Policy] forbids a browser to load anything even if somebody smuggled it in. It shows what the document of package
// openapi uses of OpenAPI 3.0, and refuses a document that uses more, so that nothing goes missing in silence.
//
// Rejected: Swagger UI. The lightest Go module that holds it adds 4 MB to what a first build fetches, 0.6 MB to the binary and
// 1.4 MB of other people's scripts to the origin of a server that takes passwords; and what those scripts load only a browser
// could tell. An example for curl stands in for its forms.
package page
