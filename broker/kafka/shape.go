package kafka

import (
	"fmt"
	"strconv"
	"strings"
)

// A shape says which fields a request has, so that a frame can be walked before it is decoded: kmsg believes the counts of
// tags that it reads, and makes arrays before it has seen their elements. A request whose shape fits has as many of each as
// it says.
//
// A shape is written as words: a number of bytes; s for a string and b for bytes, null or not; [ ... ] for an array of
// structs; ( ... ) for an array of one plain field; { ... } for a struct that may be null. Versions stand before a word where
// it is not in all of them: 3+: from version 3, -7: up to 7, 2-4: from 2 to 4.
type shape []field

type field struct {
	kind     byte // 's', 'b', '[', '(', '{', or '#' for a number of bytes
	size     int
	from, to int16
	inner    shape
}

// parseShape reads a shape. It panics on one that is malformed: shapes are part of the program.
func parseShape(text string) shape {
	words := strings.Fields(text)
	s := parseFields(&words, "")
	if len(words) > 0 {
		panic("kafka: shape " + strconv.Quote(text) + " has too many closing brackets")
	}
	return s
}

var closing = map[byte]string{'[': "]", '(': ")", '{': "}"}

func parseFields(words *[]string, end string) (s shape) {
	for len(*words) > 0 {
		word := (*words)[0]
		*words = (*words)[1:]
		if word == end {
			return s
		}
		f := field{from: 0, to: 1<<15 - 1}
		if versions, rest, ok := strings.Cut(word, ":"); ok {
			f.from, f.to = parseVersions(versions)
			word = rest
		}
		switch f.kind = word[0]; f.kind {
		case 's', 'b':
		case '[', '(', '{':
			f.inner = parseFields(words, closing[f.kind])
		default:
			f.kind, f.size = '#', number(word)
		}
		s = append(s, f)
	}
	if end != "" {
		panic("kafka: a shape lacks " + end)
	}
	return s
}

func parseVersions(text string) (from, to int16) {
	if first, ok := strings.CutSuffix(text, "+"); ok {
		return int16(number(first)), 1<<15 - 1
	}
	first, last, _ := strings.Cut(text, "-")
	if first == "" {
		first = "0"
	}
	return int16(number(first)), int16(number(last))
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("kafka: " + strconv.Quote(text) + " in a shape is no number")
	}
	return n
}

// maxTags bounds the tags of a whole request. Clients send none that we do not know but in tests.
const maxTags = 1000

// refusedTag is the tag of Fetch in which a replica describes itself; no client sends it, and it holds tags of its own.
const refusedTag = 1

// walk goes through a body along the shape of its request.
type walk struct {
	wire
	version int16
	tagged  int
	refuse  bool // the outermost struct may not have refusedTag
}

// fits reports whether body begins with the shape, and how many bytes follow that it does not speak of.
func (s shape) fits(key, version int16, flexible bool, body []byte) (rest int, err error) {
	w := walk{wire: wire{rest: body, flexible: flexible}, version: version}
	w.fields(s)
	w.refuse = key == fetchKey
	w.tail()
	if w.bad {
		return 0, fmt.Errorf("it is cut short, or a count passes its end")
	}
	return len(w.rest), nil
}

func (w *walk) fields(s shape) {
	for i := range s {
		if f := &s[i]; !w.bad && w.version >= f.from && w.version <= f.to {
			w.field(f)
		}
	}
}

func (w *walk) field(f *field) {
	switch f.kind {
	case '#':
		w.take(f.size)
	case 's':
		w.string()
	case 'b':
		w.bytes()
	case '{':
		if present := w.take(1); present != nil && int8(present[0]) >= 0 {
			w.fields(f.inner)
			w.tail()
		}
	default:
		for n := w.count(); n > 0 && !w.bad; n-- {
			w.fields(f.inner)
			if f.kind == '[' {
				w.tail()
			}
		}
	}
}

// tail passes over the tags of a struct.
func (w *walk) tail() {
	if !w.flexible {
		return
	}
	for n := w.uvarint(); n > 0 && !w.bad; n-- {
		key := w.uvarint()
		if w.tagged++; w.tagged > maxTags || (w.refuse && key == refusedTag) {
			w.fail()
		}
		w.take(int(w.uvarint()))
	}
}
