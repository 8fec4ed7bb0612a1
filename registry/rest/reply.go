package rest

import (
	"bytes"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"sync"

	"github.com/pawl-registry/pawl/openapi"
)

// reply is an answer before it is written. Its body is shared and must not be changed.
type reply struct {
	status int
	body   []byte
	media  string           // empty is the negotiated one
	tag    string           // ETag; empty is none
	keep   lifetime         // of an answer with a tag
	names  iter.Seq[string] // a list to be written as it is made, instead of a body
}

// ok answers a value as JSON.
func ok(v any) (reply, error) {
	body, err := encode(v)
	return reply{status: http.StatusOK, body: body}, err
}

// okList is ok for lists: nil is an empty one.
func okList[T any](list []T) (reply, error) {
	if list == nil {
		list = []T{}
	}
	return ok(list)
}

// okText answers a text as it is, under a JSON content type as Confluent does.
func okText(text string) (reply, error) {
	return reply{status: http.StatusOK, body: []byte(text)}, nil
}

func errorReply(status int, e openapi.Error) reply {
	body, err := encode(e)
	if err != nil {
		panic("rest: an error body does not encode: " + err.Error()) // a struct of a number and a text
	}
	return reply{status: status, body: body}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const keptBuffer = 64 << 10 // larger buffers are not pooled

// encode returns v as JSON without HTML escapes and without a final newline.
func encode(v any) ([]byte, error) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	body := bytes.Clone(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if b.Cap() <= keptBuffer {
		buffers.Put(b)
	}
	return body, nil
}

func (x *exchange) write(res reply) {
	if res.names != nil {
		x.writeList(res)
		return
	}
	if res.tag != "" && x.holds(res.tag) {
		res.status, res.body = http.StatusNotModified, nil
	}
	x.validators(res)
	if res.status != http.StatusNoContent && res.status != http.StatusNotModified {
		x.w.Header().Set("Content-Length", strconv.Itoa(len(res.body)))
	}
	x.head(res)
	if x.r.Method != http.MethodHead && len(res.body) > 0 {
		_, _ = x.w.Write(res.body) // the client is gone; there is nobody left to tell
	}
}

// head writes the status and the headers.
func (x *exchange) head(res reply) {
	x.status = res.status
	if res.status != http.StatusNoContent && res.status != http.StatusNotModified {
		media := res.media
		if media == "" {
			media = x.media
		}
		x.w.Header().Set("Content-Type", media)
	}
	x.w.WriteHeader(res.status)
}
