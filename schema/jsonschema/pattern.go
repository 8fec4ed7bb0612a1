package jsonschema

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// matchTimeout bounds one match of a backtracking expression.
const matchTimeout = 100 * time.Millisecond

// maxPatternLength bounds a regular expression's text.
const maxPatternLength = 10_000

// pattern is a regular expression of a schema in Java's flavour, which is what Confluent's rules and Java clients mean by one.
// Expressions that mean the same to RE2 run on Go's engine in linear time; the rest (lookaround, backreferences, possessive
// quantifiers) run on a backtracking engine under a time limit.
type pattern struct {
	text   string
	simple *sequence // besides linear, for ASCII text
	linear *regexp.Regexp
	back   *regexp2.Regexp
}

// compilePattern refuses what neither engine understands.
func compilePattern(text string) (*pattern, error) {
	if len(text) > maxPatternLength {
		return nil, fmt.Errorf("a regular expression of more than %d bytes", maxPatternLength)
	}
	source, err := fromJava(text)
	if err != nil {
		return nil, err
	}
	if !dialectal(source) {
		if linear, err := regexp.Compile(source); err == nil {
			return &pattern{text: text, linear: linear, simple: sequenceOf(source)}, nil
		}
	}
	back, err := compileBacktracking(source)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression: %w", text, err)
	}
	back.MatchTimeout = matchTimeout
	return &pattern{text: text, back: back}, nil
}

func compileBacktracking(source string) (re *regexp2.Regexp, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return regexp2.Compile(source, regexp2.None)
}

// dialectal reports whether an expression that RE2 accepts may mean something else to Java.
func dialectal(source string) bool {
	return strings.Contains(source, "&&") || strings.Contains(source, "[[:")
}

// find reports whether the expression matches anywhere in s. A match that exceeds its time is an error, and so is a panic of
// the backtracking engine, which is a library that outside text drives.
func (p *pattern) find(s string) (found bool, err error) {
	if p.linear != nil {
		return p.linear.MatchString(s), nil
	}
	defer func() {
		if r := recover(); r != nil {
			found, err = false, fmt.Errorf("matching %q failed: %v", p.text, r)
		}
	}()
	return p.back.MatchString(s)
}
