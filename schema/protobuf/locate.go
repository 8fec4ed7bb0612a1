package protobuf

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Locate returns the place of a path of a difference: a message, a oneof, or a field by its number. Paths name what they lead to,
// so they lead to the same places in the schemas of both sides.
func (s *parsed) Locate(path string) (line, column int, ok bool) {
	f := s.universe.main.file
	at := position{1, 1}
	if path = strings.TrimPrefix(path, "#/"); path == "" && f.pkg != "" {
		at = f.pkgAt
	}
	if at.line == 0 || s.text == "" || !written(f) {
		return 0, 0, false
	}
	var in *message
	for rest, more := path, path != ""; more; {
		var token string
		token, rest, more = strings.Cut(rest, "/")
		next, place, found := inside(f, in, token)
		if !found {
			break
		}
		in, at = next, place
	}
	return int(at.line), s.characters(at), true
}

// written reports whether the tree was read from a text and not from a serialized descriptor, which has no positions.
func written(f *file) bool {
	for _, m := range f.messages {
		return m.at.line > 0
	}
	return true
}

// inside finds what a token of a path means in a message, or in the file if in is nil. The message stays the same for fields and
// oneofs, because the path of a oneof's field names both.
func inside(f *file, in *message, token string) (next *message, at position, ok bool) {
	messages := f.messages
	if in != nil {
		messages = in.messages
		if number, err := strconv.ParseInt(token, 10, 32); err == nil {
			x := numbered(in, int32(number))
			if x == nil {
				return nil, at, false
			}
			return in, x.at, true
		}
	}
	for _, m := range messages {
		if m.name == token {
			return m, m.at, true
		}
	}
	if in != nil {
		for _, o := range in.oneofs {
			if o.name == token {
				return in, o.at, true
			}
		}
	}
	return nil, at, false
}

// numbered returns the field of a number, also within oneofs.
func numbered(m *message, number int32) *field {
	for _, x := range membersOf(m) {
		if x.number == number {
			return x.field
		}
	}
	return nil
}

// characters turns the column of a place, which counts bytes, into one that counts characters.
func (s *parsed) characters(at position) int {
	line := s.text
	for range at.line - 1 {
		_, line, _ = strings.Cut(line, "\n")
	}
	before := int(at.column) - 1
	return utf8.RuneCountInString(line[:max(0, min(before, len(line)))]) + 1
}
