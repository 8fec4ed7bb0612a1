package tracing

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
)

// refusedSpans returns how many spans a collector refused of a batch that it took (OTLP: partial success). What cannot be read
// says nothing.
func refusedSpans(answer []byte, inJSON bool) int {
	if inJSON {
		return refusedJSON(answer)
	}
	n, _ := varint(field(answer, 1), 1)
	return int(min(n, math.MaxInt32))
}

func refusedJSON(answer []byte) int {
	var body struct {
		Partial struct {
			Refused json.RawMessage `json:"rejectedSpans"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(answer, &body) != nil {
		return 0
	}
	text := string(body.Partial.Refused) // a text by the rules of Protobuf, a number by some collectors
	if quoted, err := strconv.Unquote(text); err == nil {
		text = quoted
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return int(n)
}

// field returns the bytes of a field of a message, or nil.
func field(m []byte, number uint64) []byte {
	for len(m) > 0 {
		tag, value, rest, ok := next(m)
		if !ok {
			return nil
		}
		if tag == number<<3|wireBytes {
			return value
		}
		m = rest
	}
	return nil
}

// varint returns the number in a field of a message.
func varint(m []byte, number uint64) (uint64, bool) {
	for len(m) > 0 {
		tag, value, rest, ok := next(m)
		if !ok {
			return 0, false
		}
		if tag == number<<3|wireVarint {
			n, _ := binary.Uvarint(value)
			return n, true
		}
		m = rest
	}
	return 0, false
}

// next splits the first field off a message.
func next(m []byte) (tag uint64, value, rest []byte, ok bool) {
	tag, n := binary.Uvarint(m)
	if n <= 0 {
		return 0, nil, nil, false
	}
	m = m[n:]
	size := 0
	switch tag & 7 {
	case wireVarint:
		if _, size = binary.Uvarint(m); size <= 0 {
			return 0, nil, nil, false
		}
	case wire64:
		size = 8
	case wire32:
		size = 4
	case wireBytes:
		length, n := binary.Uvarint(m)
		if n <= 0 || length > uint64(len(m)-n) {
			return 0, nil, nil, false
		}
		m, size = m[n:], int(length)
	default:
		return 0, nil, nil, false
	}
	if size > len(m) {
		return 0, nil, nil, false
	}
	return tag, m[:size], m[size:], true
}
