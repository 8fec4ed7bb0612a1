package avro

import (
	"slices"
	"strconv"

	"github.com/pawl-registry/pawl/schema"
)

// answer is what was found for one pair; nil means nothing. Findings of inner pairs are not copied, and texts are made only
// for what is reported.
type answer struct {
	parts []part
}

// part is one finding or the findings of an inner pair.
type part struct {
	finding *finding
	inner   *answer
}

type finding struct {
	rule string
	at   *path
	text func(at string) (info, detail string)
}

// and adds the findings of an inner pair.
func (a *answer) and(inner *answer) *answer {
	if inner == nil {
		return a
	}
	return a.add(part{inner: inner})
}

func (a *answer) add(p part) *answer {
	if a == nil {
		a = &answer{}
	}
	a.parts = append(a.parts, p)
	return a
}

func (r *resolver) one(rule string, at *path, text func(at string) (info, detail string)) *answer {
	return (*answer)(nil).add(part{finding: &finding{rule: rule, at: at, text: text}})
}

// list makes the texts of what was found, in order.
func (r *resolver) list(a *answer) []schema.Difference {
	if r.fatal != nil {
		d := r.fatal.difference()
		d.Path = ""
		if d.Rule == ruleAmbiguous {
			d.Message = "Unexpected failure during the compatibility check: " + d.Message
		}
		return []schema.Difference{d}
	}
	var out []schema.Difference
	text := 0
	a.each(func(f *finding) bool {
		out = append(out, f.difference())
		text += len(out[len(out)-1].Path) + len(out[len(out)-1].Detail) + len(out[len(out)-1].Message)
		return len(out) < maxFindings && text < maxFindText
	})
	return out
}

// each visits the findings in order until visit returns false, and reports whether all were visited.
func (a *answer) each(visit func(*finding) bool) bool {
	if a == nil {
		return true
	}
	for _, p := range a.parts {
		if p.finding != nil && !visit(p.finding) || !p.inner.each(visit) {
			return false
		}
	}
	return true
}

func (f *finding) difference() schema.Difference {
	at := f.at.String()
	info, detail := f.text(at)
	return schema.Difference{
		Rule:    f.rule,
		Path:    at,
		Detail:  detail,
		Message: "{errorType:'" + f.rule + "', description:'" + detail + "', additionalInfo:'" + info + "'}",
	}
}

// path is a place in the reader's schema; nil is the root. One node may stand for several tokens, because most paths are
// never printed.
type path struct {
	up    *path
	form  pathForm
	token string // of formToken
	i     int    // of the other forms
}

type pathForm uint8

const (
	formToken     pathForm = iota
	formIndex              // i
	formField              // fields/i
	formFieldType          // fields/i/type
)

func (p *path) add(token string) *path { return &path{up: p, token: token} }

func (p *path) index(i int) *path { return &path{up: p, form: formIndex, i: i} }

func (p *path) field(i int) *path { return &path{up: p, form: formField, i: i} }

func (p *path) fieldType(i int) *path { return &path{up: p, form: formFieldType, i: i} }

// String prints the path as a JSON pointer; the root is "/". No token holds a character that needs escaping.
func (p *path) String() string {
	if p == nil {
		return "/"
	}
	var nodes []*path
	for q := p; q != nil; q = q.up {
		nodes = append(nodes, q)
	}
	var out []byte
	for _, q := range slices.Backward(nodes) {
		out = q.append(out)
	}
	return string(out)
}

func (p *path) append(dst []byte) []byte {
	switch p.form {
	case formToken:
		return append(append(dst, '/'), p.token...)
	case formIndex:
		return strconv.AppendInt(append(dst, '/'), int64(p.i), 10)
	}
	dst = strconv.AppendInt(append(dst, "/fields/"...), int64(p.i), 10)
	if p.form == formFieldType {
		dst = append(dst, "/type"...)
	}
	return dst
}
