package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
)

// maxNesting bounds the nesting of a body, unknown members included.
const maxNesting = 1000

// decode reads the body of a request into a struct. Members are matched by their exact names, unknown ones are ignored. A body
// that is absent, empty or null has the code errNoBody; one that is no JSON object of the right types errBadRequest.
func (x *exchange) decode(into any) error {
	const op = "rest.decode"
	body, err := x.read()
	if err != nil {
		return err
	}
	done, err := x.s.gate.work(x.ctx(), int64(len(body)))
	if err != nil {
		return err
	}
	x.atEnd(done)
	if body = bytes.TrimSpace(body); len(body) == 0 || string(body) == "null" {
		return fault.New(errNoBody, op, "the request needs a body")
	}
	if body, err = plain(body); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return fault.Wrap(errBadRequest, op, err, "the body is not the JSON object it should be: %v", err)
	}
	return assign(members, reflect.ValueOf(into).Elem())
}

// assign decodes each member into the field that carries its name.
func assign(members map[string]json.RawMessage, into reflect.Value) error {
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		text, given := members[name]
		if !given {
			continue
		}
		if err := json.Unmarshal(text, into.Field(i).Addr().Interface()); err != nil {
			return fault.Wrap(errBadRequest, "rest.decode", err, "member %s: %v", name, err)
		}
	}
	return nil
}

func (x *exchange) read() ([]byte, error) {
	const op = "rest.read"
	body, err := x.readAll(http.MaxBytesReader(x.w, x.r.Body, x.s.opts.MaxBodyBytes))
	if tooLarge, is := errors.AsType[*http.MaxBytesError](err); is {
		return nil, fault.New(errBodyTooLarge, op, "the body is larger than %d bytes", tooLarge.Limit)
	}
	if fault.CodeOf(err) == errBusy {
		return nil, err
	}
	if err != nil {
		return nil, fault.Wrap(errBadRequest, op, err, "the body cannot be read")
	}
	if !utf8.Valid(body) {
		return nil, fault.New(errBadRequest, op, "the body is not UTF-8")
	}
	return body, nil
}

// readAll reads a body as far as there is room for it among those of others. What it counts as held it gives back at the end of
// the exchange.
func (x *exchange) readAll(r io.Reader) ([]byte, error) {
	buf, counted := make([]byte, 0, 4<<10), int64(0)
	x.atEnd(func() { x.s.gate.memory.Release(counted) })
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
		if len(buf) < cap(buf) {
			continue
		}
		grown := min(2*cap(buf), max(int(x.s.opts.MaxBodyBytes), cap(buf))+512)
		if more := int64(grown - cap(buf)); grown > longBody {
			if err := x.s.gate.hold(more); err != nil {
				return nil, err
			}
			counted += more
		}
		buf = append(make([]byte, 0, grown), buf...)
	}
}

// plain bounds the nesting of a JSON text and takes out what JSON does not have but Confluent accepts: the numbers NaN and
// Infinity. They become a fraction, for no member takes one: in a known member it is refused, in an unknown one ignored.
func plain(text []byte) ([]byte, error) {
	var out []byte
	depth, done := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '{', '[':
			if depth++; depth > maxNesting {
				return nil, fault.New(errBadRequest, "rest.plain", "the body is nested deeper than %d levels", maxNesting)
			}
		case '}', ']':
			depth--
		case 'N', 'I':
			if n := noNumber(text[i:]); n > 0 {
				out = append(append(out, text[done:i]...), "0.25"...)
				done = i + n
				i = done - 1
			}
		}
	}
	if done == 0 {
		return text, nil
	}
	return append(out, text[done:]...), nil
}

// noNumber returns the length of the NaN or Infinity at the start of a text, or 0.
func noNumber(text []byte) int {
	for _, word := range [...]string{"NaN", "Infinity"} {
		if bytes.HasPrefix(text, []byte(word)) {
			return len(word)
		}
	}
	return 0
}

// endOfString returns the index of the quote that ends the string at start, or the length of the text.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}
