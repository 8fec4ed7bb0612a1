package jsonschema

import "regexp/syntax"

// sequence is a regular expression of the commonest shape: anchored at the start, a run of character classes with counts, no
// choice that would need going back. ^[0-9a-f-]{36}$ and ^[A-Z]{3}\d+ are sequences. It matches ASCII text byte by byte.
type sequence struct {
	steps []sequenceStep
	end   bool // anchored at the end
}

// sequenceStep is a class of ASCII characters and how often it may follow itself; max -1 is no limit.
type sequenceStep struct {
	class    [2]uint64
	min, max int
}

func (s *sequenceStep) has(c byte) bool { return c < 128 && s.class[c>>6]&(1<<(c&63)) != 0 }

// sequenceOf returns the sequence that an RE2 expression is, or nil.
func sequenceOf(source string) *sequence {
	re, err := syntax.Parse(source, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat || re.Sub[0].Op != syntax.OpBeginText {
		return nil
	}
	s := &sequence{}
	for i, sub := range re.Sub[1:] {
		if sub.Op == syntax.OpEndText && i == len(re.Sub)-2 {
			s.end = true
			continue
		}
		if !s.add(sub) {
			return nil
		}
	}
	if !s.deterministic() {
		return nil
	}
	return s
}

func (s *sequence) add(re *syntax.Regexp) bool {
	least, most := 1, 1
	switch re.Op {
	case syntax.OpStar:
		least, most = 0, -1
	case syntax.OpPlus:
		most = -1
	case syntax.OpQuest:
		least = 0
	case syntax.OpRepeat:
		least, most = re.Min, re.Max
	case syntax.OpLiteral:
		return s.literal(re)
	case syntax.OpCharClass:
		return s.class(re, 1, 1)
	default:
		return false
	}
	if re.Flags&syntax.NonGreedy != 0 {
		return false
	}
	return s.class(re.Sub[0], least, most)
}

func (s *sequence) literal(re *syntax.Regexp) bool {
	for _, r := range re.Rune {
		if r >= 128 || re.Flags&syntax.FoldCase != 0 {
			return false
		}
		step := sequenceStep{min: 1, max: 1}
		step.class[r>>6] |= 1 << (r & 63)
		s.steps = append(s.steps, step)
	}
	return true
}

// class appends a step. Characters outside ASCII may belong to the class: text that holds them is left to the other engine.
func (s *sequence) class(re *syntax.Regexp, least, most int) bool {
	step := sequenceStep{min: least, max: most}
	switch {
	case re.Op == syntax.OpLiteral && len(re.Rune) == 1 && re.Rune[0] < 128 && re.Flags&syntax.FoldCase == 0:
		step.class[re.Rune[0]>>6] |= 1 << (re.Rune[0] & 63)
	case re.Op == syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1] && r < 128; r++ {
				step.class[r>>6] |= 1 << (r & 63)
			}
		}
	default:
		return false
	}
	s.steps = append(s.steps, step)
	return true
}

// deterministic reports whether taking as much as each step can is always right: what may follow a step of variable length is
// not in its class.
func (s *sequence) deterministic() bool {
	for i := range s.steps {
		if s.steps[i].min == s.steps[i].max {
			continue
		}
		for j := i + 1; j < len(s.steps); j++ {
			a, b := &s.steps[i].class, &s.steps[j].class
			if a[0]&b[0]|a[1]&b[1] != 0 {
				return false
			}
			if s.steps[j].min > 0 {
				break
			}
		}
	}
	return true
}

// match applies the sequence to ASCII text.
func (s *sequence) match(text []byte) bool {
	for i := range s.steps {
		step := &s.steps[i]
		n := 0
		for n < len(text) && n != step.max && step.has(text[n]) {
			n++
		}
		if n < step.min {
			return false
		}
		text = text[n:]
	}
	return !s.end || len(text) == 0
}
