package jsonschema

import "math"

// keywords reads the keywords of one schema object with their types checked. The first error sticks.
type keywords struct {
	doc  *document
	obj  *value
	seen map[string]bool // keywords that a step has consumed
	err  error
}

func newKeywords(d *document, obj *value) *keywords {
	return &keywords{doc: d, obj: obj, seen: make(map[string]bool, len(obj.members))}
}

// take consumes a keyword and returns its value, nil if it is absent or consumed already.
func (k *keywords) take(name string) *value {
	v := k.obj.get(name)
	if v == nil || k.seen[name] {
		return nil
	}
	k.seen[name] = true
	return v
}

// any reports whether one of the keywords is present and not consumed.
func (k *keywords) any(names ...string) bool {
	for _, name := range names {
		if k.obj.get(name) != nil && !k.seen[name] {
			return true
		}
	}
	return false
}

func (k *keywords) fail(v *value, format string, args ...any) {
	if k.err == nil {
		k.err = k.doc.fail(v, format, args...)
	}
}

// typed consumes a keyword that must be of a kind.
func (k *keywords) typed(name string, want valueKind) *value {
	v := k.take(name)
	if v != nil && v.kind != want {
		k.fail(v, "%s must be %s, not %s", name, want, v.kind)
		return nil
	}
	return v
}

func (k *keywords) str(name string) *string {
	if v := k.typed(name, jsonString); v != nil {
		return &v.text
	}
	return nil
}

func (k *keywords) truth(name string) (is, present bool) {
	if v := k.typed(name, jsonBool); v != nil {
		return v.truth, true
	}
	return false, false
}

func (k *keywords) num(name string) *number {
	v := k.typed(name, jsonNumber)
	if v == nil {
		return nil
	}
	if v.text == infinity || v.text == negativeInfinity {
		k.fail(v, "%s is beyond the range of a double", name)
		return nil
	}
	return newNumber(v.text)
}

// count32 consumes a count as the classic drafts read it: an integer literal of 32 bits.
func (k *keywords) count32(name string) *number {
	v := k.typed(name, jsonNumber)
	if v == nil {
		return nil
	}
	n := newNumber(v.text)
	if !v.integer || !n.unscaled.IsInt64() || n.unscaled.Int64() > math.MaxInt32 || n.unscaled.Int64() < math.MinInt32 {
		k.fail(v, "%s must be an integer of 32 bits written without a point, not %s", name, v.text)
		return nil
	}
	return n
}

// count consumes a count as the modern drafts read it: any number, without its fraction.
func (k *keywords) count(name string) *number {
	if n := k.num(name); n != nil {
		return n.truncated()
	}
	return nil
}

// strings consumes an array of strings.
func (k *keywords) strings(name string) []string {
	v := k.typed(name, jsonArray)
	if v == nil {
		return nil
	}
	return k.stringItems(name, v)
}

func (k *keywords) stringItems(name string, v *value) []string {
	out := make([]string, 0, len(v.items))
	for _, x := range v.items {
		if x.kind != jsonString {
			k.fail(x, "%s must hold strings, not %s", name, x.kind)
			return nil
		}
		out = append(out, x.text)
	}
	return out
}

// regex checks that a text is a regular expression.
func (k *keywords) regex(at *value, text string) *pattern {
	p, err := compilePattern(text)
	if err != nil {
		k.fail(at, "%v", err)
		return nil
	}
	return p
}

// patternText consumes the pattern keyword and checks it.
func (k *keywords) patternText() *string {
	v := k.typed("pattern", jsonString)
	if v == nil || k.regex(v, v.text) == nil {
		return nil
	}
	return &v.text
}

// rest returns the keywords that no step has consumed.
func (k *keywords) rest() []member {
	var out []member
	for _, m := range k.obj.members {
		if !k.seen[m.key] {
			out = append(out, m)
		}
	}
	return out
}
