package protobuf

import (
	"fmt"
	"strconv"
	"strings"
)

// scanner reads words, strings and punctuation. Its idea of a word is that of Wire's SyntaxReader: letters, digits, '_', '-' and
// '.' in any order, so that "-1", "a.b" and "1.5e3" are words alike. The first failure sticks: it moves the scanner to the end,
// and every later read returns a zero value.
type scanner struct {
	text string
	pos  int
	err  error
	deep int // open braces, brackets and angles
}

// maxDepth bounds nested messages, aggregates and map types. Descriptors end at 32 levels already.
const maxDepth = 128

type syntaxError struct {
	at  position
	msg string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("Syntax error in %d:%d: %s", e.at.line, e.at.column, e.msg)
}

func (s *scanner) fail(at int, format string, args ...any) {
	if s.err == nil {
		s.err = &syntaxError{s.position(at), fmt.Sprintf(format, args...)}
	}
	s.pos = len(s.text)
}

// position counts lines and columns from 1. It is linear, which is fine: it is asked for once per declaration kept for messages
// about names, through marks, and once per failure.
func (s *scanner) position(at int) position {
	before := s.text[:min(at, len(s.text))]
	return position{int32(strings.Count(before, "\n") + 1), int32(len(before) - strings.LastIndexByte(before, '\n'))}
}

func (s *scanner) enter() {
	if s.deep++; s.deep > maxDepth {
		s.fail(s.pos, "nested deeper than %d levels", maxDepth)
	}
}

func (s *scanner) leave() { s.deep-- }

// peek returns the next byte that is neither space nor comment, or 0 after a failure. The end of the text is a failure.
func (s *scanner) peek() byte {
	s.skip()
	if s.pos >= len(s.text) {
		s.fail(s.pos, "unexpected end of file")
		return 0
	}
	return s.text[s.pos]
}

// atEnd reports whether only space and comments are left.
func (s *scanner) atEnd() bool {
	s.skip()
	return s.pos >= len(s.text)
}

func (s *scanner) next() byte {
	c := s.peek()
	if s.err == nil {
		s.pos++
	}
	return c
}

// accept takes the next byte if it is c.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c || s.err != nil {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) require(c byte) {
	at := s.pos
	if got := s.next(); got != c {
		s.fail(max(at, s.pos-1), "expected '%c' but was '%c'", c, got)
	}
}

func (s *scanner) skip() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '/':
			s.comment()
		default:
			return
		}
	}
}

func (s *scanner) comment() {
	rest := s.text[s.pos:]
	switch {
	case strings.HasPrefix(rest, "//"):
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			s.pos += i + 1
			return
		}
		s.pos = len(s.text)
	case strings.HasPrefix(rest, "/*"):
		i := strings.Index(rest[2:], "*/")
		if i < 0 {
			s.fail(s.pos, "unterminated comment")
			return
		}
		s.pos += i + 4
	default:
		s.fail(s.pos, "unexpected '/'")
	}
}

// trailing takes the comment that may follow on the line of a field, enum value or reserved statement. Nothing else may stand on
// the line after a block comment there (Wire, SyntaxReader.tryAppendTrailingDocumentation).
func (s *scanner) trailing() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
	if s.pos >= len(s.text) || s.text[s.pos] != '/' {
		return
	}
	block := strings.HasPrefix(s.text[s.pos:], "/*")
	s.comment()
	for block && s.pos < len(s.text) {
		c := s.text[s.pos]
		if c == '\n' {
			return
		}
		if c != ' ' && c != '\t' && c != '\r' {
			s.fail(s.pos, "no syntax may follow a trailing /* */ comment on its line; use // or start a new line")
			return
		}
		s.pos++
	}
}

var wordBytes = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") {
		t[c] = true
	}
	return t
}()

func (s *scanner) word() string {
	s.skip()
	start := s.pos
	for s.pos < len(s.text) && wordBytes[s.text[s.pos]] {
		s.pos++
	}
	if start == s.pos {
		if s.err == nil && start >= len(s.text) {
			s.fail(start, "unexpected end of file")
		}
		s.fail(start, "expected a word")
		return ""
	}
	return s.text[start:s.pos]
}

// wordNoDigit is word for fields and enum values, whose names do not start with a digit.
func (s *scanner) wordNoDigit() string {
	w := s.word()
	if w != "" && isDigit(w[0]) {
		s.fail(s.pos-len(w), "field and constant names cannot start with a digit")
	}
	return w
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// name is a word that may stand in parentheses or brackets, which are dropped; open is the opening one, or 0.
func (s *scanner) name() (name string, open byte) {
	open = s.peek()
	var closing byte
	switch open {
	case '(':
		closing = ')'
	case '[':
		closing = ']'
	default:
		return s.word(), 0
	}
	s.pos++
	name = s.word()
	s.require(closing)
	return name, open
}

// integer reads a decimal or 0x number of 32 bits with a sign; a leading 0 does not mean octal.
func (s *scanner) integer() int32 {
	w := s.word()
	digits, base := w, 10
	if strings.HasPrefix(w, "0x") || strings.HasPrefix(w, "0X") {
		digits, base = w[2:], 16
	}
	return s.parse(w, digits, base)
}

// parse is integer with a base of the caller's: ends of ranges are decimal only.
func (s *scanner) parse(word, digits string, base int) int32 {
	n, err := strconv.ParseInt(digits, base, 32)
	if err != nil {
		s.fail(s.pos-len(word), "expected an integer but was %s", word)
	}
	return int32(n)
}

// quoted reads a string and the strings that follow it directly, joined.
func (s *scanner) quoted() string {
	quote := s.next()
	if quote != '"' && quote != '\'' {
		s.fail(s.pos-1, "expected a quoted string")
		return ""
	}
	var b strings.Builder
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch c {
		case quote:
			if q := s.peek(); q == '"' || q == '\'' {
				quote = q
				s.pos++
				continue
			}
			return b.String()
		case '\\':
			s.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	s.fail(s.pos, "unterminated string")
	return ""
}

const (
	escapeLetters = "abfnrtv"
	escapeValues  = "\a\b\f\n\r\t\v"
)

func (s *scanner) escape(b *strings.Builder) {
	if s.pos >= len(s.text) {
		s.fail(s.pos, "unexpected end of file")
		return
	}
	c := s.text[s.pos]
	s.pos++
	switch {
	case c == 'x' || c == 'X':
		s.numeric(b, 16, 2)
	case '0' <= c && c <= '7':
		s.pos--
		s.numeric(b, 8, 3)
	default:
		if i := strings.IndexByte(escapeLetters, c); i >= 0 {
			c = escapeValues[i]
		}
		b.WriteByte(c)
	}
}

// numeric reads the digits of \x and octal escapes: the number of a character, not of a byte, as in Wire.
func (s *scanner) numeric(b *strings.Builder, base, most int) {
	end := s.pos
	for end < len(s.text) && end < s.pos+most && digitBelow(s.text[end], base) {
		end++
	}
	n, err := strconv.ParseUint(s.text[s.pos:end], base, 16)
	if err != nil {
		s.fail(s.pos, "expected a digit after \\x or \\X")
		return
	}
	s.pos = end
	b.WriteRune(rune(n))
}

func digitBelow(c byte, base int) bool {
	n, err := strconv.ParseUint(string(rune(c)), 16, 8)
	return err == nil && int(n) < base
}
