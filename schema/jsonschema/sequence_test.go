package jsonschema

import (
	"math/rand/v2"
	"regexp"
	"testing"
)

// TestSequencesMatchWhatTheirExpressionsMatch compares the short cut with the engine that it stands in for.
func TestSequencesMatchWhatTheirExpressionsMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, source := range []string{
		`^a$`, `^ab`, `^[ab]{2,3}$`, `^[ab]*c`, `^[ab]+c?$`, `^a?b*c{2}$`, `^[^ab]c`, `^\d{2}-?[a-c]{1,}$`, `^a{0,2}b`, `^[a-b]{3}c*$`, `^-?[0-9]+$`,
	} {
		s, re := sequenceOf(source), regexp.MustCompile(source)
		if s == nil {
			t.Errorf("%s is no sequence", source)
			continue
		}
		for range 3000 {
			text := make([]byte, r.IntN(7))
			for i := range text {
				text[i] = "abc-12"[r.IntN(6)]
			}
			if got, want := s.match(text), re.Match(text); got != want {
				t.Errorf("%s on %q: %t, want %t", source, text, got, want)
			}
		}
	}
}

func TestExpressionsThatAreNoSequences(t *testing.T) {
	for _, source := range []string{`a`, `^a|b`, `^(ab)+$`, `^a*a`, `^[ab]?b$`, `^a*?b`, `(?i)^a`, `^a*b?a`, `^é`, `^.`, `^`, `$`, ``, `^a$b`} {
		if sequenceOf(source) != nil {
			t.Errorf("%s would need going back, or more than ASCII", source)
		}
	}
}
