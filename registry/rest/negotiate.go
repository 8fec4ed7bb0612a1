package rest

import (
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/openapi"
)

// produced lists the media types of answers in the order that the server prefers.
var produced = []string{openapi.MediaTypeV1, openapi.MediaType, openapi.MediaTypeJSON}

// negotiate picks the media type that the client wants most, and among equals the one that the server prefers. It reports
// false if the client takes none of them.
func negotiate(accept []string) (string, bool) {
	if len(accept) == 0 {
		return openapi.MediaTypeV1, true
	}
	header := accept[0]
	if len(accept) > 1 {
		header = strings.Join(accept, ",")
	}
	switch strings.TrimSpace(header) {
	case "", "*/*", openapi.MediaTypeV1:
		return openapi.MediaTypeV1, true
	}
	best, bestQ := "", 0.0
	for _, media := range produced {
		if q := quality(header, media); q > bestQ {
			best, bestQ = media, q
		}
	}
	return best, bestQ > 0
}

// quality returns how much an Accept header wants a media type: the q of the most specific range that covers it, and 0 if none
// does (RFC 9110, section 12.5.1).
func quality(header, media string) float64 {
	q, specific := 0.0, 0
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		s := 0
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case media:
			s = 3
		case "application/*":
			s = 2
		case "*/*":
			s = 1
		}
		if s > specific {
			q, specific = weight(params), s
		}
	}
	return q
}

// weight returns the q among the parameters of a media range; 1 if there is none that can be read.
func weight(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
	}
	return 1
}

// consumable reports whether a body of a content type is read, always as JSON. A body without a type counts as octets.
func consumable(contentType string) bool {
	name, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", openapi.MediaTypeV1, openapi.MediaType, openapi.MediaTypeJSON, "application/octet-stream":
		return true
	}
	return false
}
