package rest

import (
	"net/http"
)

// chunk is how many bytes of a long list are written at a time.
const chunk = 32 << 10

// writeList writes a list of names as a JSON array. One that fits into a chunk is an answer like others; of a longer one no more
// than a chunk is ever held, and its length is not known when its head is written.
func (x *exchange) writeList(res reply) {
	list, begun := append(make([]byte, 0, 512), '['), false
	for name := range res.names {
		if begun || len(list) > 1 {
			list = append(list, ',')
		}
		list = appendText(list, name)
		if len(list) < chunk {
			continue
		}
		if !begun {
			begun = true
			x.head(res)
		}
		if !x.send(list) {
			return
		}
		list = list[:0]
	}
	list = append(list, ']')
	if begun {
		x.send(list)
		return
	}
	x.write(reply{status: res.status, body: list})
}

// send writes a part of a body unless there is nobody to read it, and reports whether more is wanted.
func (x *exchange) send(part []byte) bool {
	if x.r.Method == http.MethodHead {
		return false
	}
	_, err := x.w.Write(part) // the client is gone; there is nobody left to tell
	return err == nil
}

// appendText appends a text as a JSON string.
func appendText(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := encode(text)
			if err != nil {
				panic("rest: a text does not encode: " + err.Error())
			}
			return append(to, quoted...)
		}
	}
	return append(append(append(to, '"'), text...), '"')
}
