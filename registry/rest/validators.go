package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// This file lets clients and caches in front of the server keep answers (RFC 9110, section 13; RFC 9111).

// lifetime says for how long an answer may be kept, as values of Cache-Control: for everybody, and where answers depend on who
// asks. The slices are shared between answers.
type lifetime struct{ shared, private []string }

// The text of an ID does not change, save by an import over what was deleted for good, which no cache of a consumer survives
// either. What else an answer says of an ID, such as the subject that it names, changes when that use of the schema is deleted, and
// so it is to be asked for again some time.
var (
	keepAlways = lifetime{[]string{"max-age=31536000, immutable"}, []string{"private, max-age=31536000, immutable"}}
	keepAWhile = lifetime{[]string{"max-age=3600"}, []string{"private, max-age=3600"}}
)

var varyAccept = []string{"Accept"}

// tagOf returns a strong entity tag of a body.
func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	tag := make([]byte, 0, 2+2*16)
	tag = hex.AppendEncode(append(tag, '"'), sum[:16])
	return string(append(tag, '"'))
}

// answer answers a prepared body.
func (p prepared) answer(keep lifetime) reply {
	return reply{status: http.StatusOK, body: p.body, tag: p.tag, keep: keep}
}

// holds reports whether the client says that it has the answer with a tag. Tags of ours hold no comma.
func (x *exchange) holds(tag string) bool {
	for _, list := range x.r.Header["If-None-Match"] {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// validators writes what lets the answer be kept. A server that knows its callers lets nobody keep answers for others.
func (x *exchange) validators(res reply) {
	if res.tag == "" {
		return
	}
	h := x.w.Header()
	h["Etag"], h["Vary"], h["Cache-Control"] = []string{res.tag}, varyAccept, res.keep.shared
	if x.s.opts.Gate != nil {
		h["Cache-Control"] = res.keep.private
	}
}
