package jsonschema

import (
	"context"
	"slices"

	"github.com/pawl-registry/pawl/schema"
)

// Bounds of a search for a proof.
const (
	maxDocuments     = 5_000   // tried
	maxDocumentBytes = 4 << 20 // made, for one schema
	maxSamples       = 48      // kept for one place
	maxSampleDepth   = 5
	maxPlaceNodes    = 64 // looked at for one place
)

// Prove looks for a document that writer takes and the receiver refuses: documents at, and just beyond, the limits that either
// schema sets. Whatever it returns was checked against both.
func (s *parsed) Prove(ctx context.Context, writer schema.Schema) (payload []byte, refusal error, found bool) {
	w, ok := writer.(*parsed)
	if !ok {
		return nil, nil, false
	}
	p := &prover{ctx: ctx, bytes: maxDocumentBytes}
	for _, text := range p.samples([]*node{w.model, s.model}, 0, maxDocuments) {
		if ctx.Err() != nil {
			break
		}
		document := []byte(text)
		if w.message.Check(document) != nil {
			continue
		}
		if err := s.message.Check(document); err != nil {
			return document, err, true
		}
	}
	return nil, nil, false
}

// prover makes documents until ctx ends. bytes is what it may still make.
type prover struct {
	ctx   context.Context
	bytes int
}

// spent reports whether no more documents can be made.
func (p *prover) spent() bool { return p.bytes <= 0 || p.ctx.Err() != nil }

// place is what the schemas say of one place, laid flat: references followed, combinations and conditions taken apart.
type place struct {
	strings  []*stringFacets
	numbers  []*numberFacets
	objects  []*objectFacets
	arrays   []*arrayFacets
	values   []*value
	kinds    map[kind]bool
	anything bool
	left     int
}

func placeOf(nodes []*node) *place {
	p := &place{kinds: map[kind]bool{}, left: maxPlaceNodes}
	for _, n := range nodes {
		p.add(n)
	}
	return p
}

func (p *place) add(n *node) {
	if n == nil || p.left <= 0 {
		return
	}
	p.left--
	p.kinds[n.kind] = true
	p.values = append(p.values, n.values...)
	switch n.kind {
	case kindString:
		p.strings = append(p.strings, n.str)
	case kindNumber:
		p.numbers = append(p.numbers, n.num)
	case kindObject:
		p.objects = append(p.objects, n.obj)
	case kindArray:
		p.arrays = append(p.arrays, n.arr)
	case kindEmpty, kindTrue:
		p.anything = true
	}
	p.add(n.target)
	p.add(n.inner)
	for _, x := range n.members {
		p.add(x)
	}
	for _, x := range n.parts {
		p.add(x)
	}
}

// samples returns values for a place, at least one; those that the first node takes stand in front as a rule.
func (p *prover) samples(nodes []*node, depth, most int) []string {
	if p.spent() {
		return []string{"null"}
	}
	at := placeOf(nodes)
	out := &sampleList{most: most, prover: p}
	for _, v := range at.values {
		out.add(string(appendValue(nil, v, false)))
	}
	for _, f := range at.strings {
		f.samples(out)
	}
	for _, f := range at.numbers {
		f.samples(out)
	}
	if at.kinds[kindBoolean] {
		out.add("true")
	}
	if depth < maxSampleDepth {
		p.objects(at.objects, depth, out)
		p.arrays(at.arrays, depth, out)
	}
	for _, text := range [...]string{"null", `"x"`, "0", "true", "{}", "[]", `""`, "0.5", `"1"`, "false", "-1"} {
		out.add(text)
	}
	if len(out.list) == 0 {
		out.list = append(out.list, "null")
	}
	return out.list
}

// sampleList keeps samples in order, each once.
type sampleList struct {
	list   []string
	most   int
	prover *prover
}

func (l *sampleList) add(text string) {
	if l.full() || len(l.list) < maxSamples && slices.Contains(l.list, text) {
		return
	}
	l.prover.bytes -= len(text)
	l.list = append(l.list, text)
}

func (l *sampleList) full() bool { return len(l.list) >= l.most || l.prover.spent() }
