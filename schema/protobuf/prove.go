package protobuf

import (
	"context"
	"fmt"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Bounds of a search for a proof.
const (
	maxProofPairs  = 4096    // pairs of messages looked at
	maxProofTrials = 20_000  // payloads tried
	maxProofBytes  = 4 << 20 // made in all
	maxProofDepth  = 50      // messages within one another
)

// Prove looks for a payload of the writer's first message that the receiver's message of the same name refuses, or reads as
// something else than was written: Protobuf's decoders take nearly everything, so most harm is done in silence. Only what the rules
// refuse is tried. Whatever is returned was decoded by both sides.
func (s *parsed) Prove(ctx context.Context, writer schema.Schema) (payload []byte, refusal error, found bool) {
	w, ok := writer.(*parsed)
	if !ok || len(w.universe.main.file.messages) == 0 {
		return nil, nil, false
	}
	wrote := w.tables().roots[0]
	read := s.namesake(wrote, w)
	if read == nil || wrote.usable("protobuf.Schema.Prove") != nil || read.usable("protobuf.Schema.Prove") != nil {
		return nil, nil, false
	}
	defer func() {
		if recover() != nil { // the library that both sides decode with judges descriptors of any kind
			payload, refusal, found = nil, nil, false
		}
	}()
	p := &prover{ctx: ctx, writer: wrote, reader: read, seen: map[[2]*table]bool{}, bytes: maxProofBytes}
	p.search()
	return p.payload, p.refusal, p.refusal != nil
}

// namesake returns the message with the name of m, packages apart, or nil.
func (s *parsed) namesake(m *codec, w *parsed) *codec {
	local := strings.TrimPrefix(strings.TrimPrefix(m.name, w.universe.main.file.pkg), ".")
	return s.tables().byName[join(s.universe.main.file.pkg, local)]
}

// prover tries payloads until one tells the two messages apart.
type prover struct {
	ctx            context.Context
	writer, reader *codec
	seen           map[[2]*table]bool
	todo           []*stand
	trials, bytes  int

	payload []byte
	refusal error
}

// stand is a pair of messages that one field after the other leads to.
type stand struct {
	up     *stand
	via    slot // the writer's field of the message around it
	w, r   *table
	levels int
}

// path lists the numbers of the fields that lead to s, and those that follow.
func (s *stand) path(more ...int32) []int32 {
	if s.up == nil {
		return more
	}
	return s.up.path(append([]int32{s.via.json.number}, more...)...)
}

// search goes from the root outwards, so that what is found first is short.
func (p *prover) search() {
	p.visit(&stand{w: p.writer.table, r: p.reader.table})
	for len(p.todo) > 0 && !p.done() {
		next := p.todo[0]
		p.todo = p.todo[1:]
		p.required(next)
		for _, ws := range next.w.ordered {
			if p.done() {
				return
			}
			p.field(next, ws)
		}
		p.oneofs(next)
	}
}

func (p *prover) done() bool {
	return p.refusal != nil || p.trials > maxProofTrials || p.bytes < 0 || p.ctx.Err() != nil
}

func (p *prover) visit(s *stand) {
	if s.levels < maxProofDepth && len(p.seen) < maxProofPairs && !p.seen[[2]*table{s.w, s.r}] {
		p.seen[[2]*table{s.w, s.r}] = true
		p.todo = append(p.todo, s)
	}
}

// required tries a message without fields where the reader demands one that the writer need not write.
func (p *prover) required(at *stand) {
	for _, rs := range at.r.ordered {
		ws := at.w.slot(rs.json.number)
		if rs.required != 0 && (!ws.known || ws.json != nil && ws.labelled() && ws.required == 0 && ws.numeric() && ws.group() == rs.group()) {
			p.refused(p.around(at, nil))
			return
		}
	}
}

// field tries values of one field of the writer if the reader means something else by its number.
func (p *prover) field(at *stand, ws slot) {
	rs := at.r.slot(ws.json.number)
	switch {
	case !rs.known:
		p.lost(at, ws)
	case rs.json == nil:
	case ws.table != nil && rs.table != nil && ws.group() == rs.group():
		p.visit(&stand{up: at, via: ws, w: ws.table, r: rs.table, levels: at.levels + 1})
	case ws.group() != rs.group():
		for _, v := range p.values(ws) {
			p.misread(at, ws, rs, ws.encode(v))
		}
	case ws.numeric() && ws.json.list && !rs.json.list && rs.labelled():
		if v := p.values(ws); len(v) > 0 {
			p.misread(at, ws, rs, ws.encode(v[0], v[0]))
		}
	}
}

// refused tries a payload that the reader may refuse, and reports whether it does.
func (p *prover) refused(payload []byte) bool {
	if p.done() || !p.written(payload) {
		return false
	}
	err := p.reader.Check(payload)
	if err != nil {
		p.payload, p.refusal = payload, err
	}
	return err != nil
}

// written reports whether a payload is one of the writer's, with a JSON form.
func (p *prover) written(payload []byte) bool {
	p.trials++
	p.bytes -= len(payload)
	if p.writer.Check(payload) != nil {
		return false
	}
	_, err := p.writer.AppendJSON(nil, payload)
	return err == nil
}

// misread tries a payload that the reader may refuse or take for another. A map read as a list of its entries says the same.
func (p *prover) misread(at *stand, ws, rs slot, field []byte) {
	payload := p.around(at, &ws, field...)
	if p.refused(payload) || p.done() || ws.table != nil && rs.table != nil && (ws.json.list || rs.json.list) {
		return
	}
	path := at.path(ws.json.number)
	wrote, read, ok := p.both(payload, path)
	if ok && wrote != read {
		p.found(at, payload, "field %s (%d): the writer wrote %s, the reader reads %s", ws.json.proto, ws.json.number, wrote, read)
	}
}

func (p *prover) found(at *stand, payload []byte, format string, args ...any) {
	p.payload = payload
	p.refusal = fault.New(schema.ErrPayload, "protobuf.Schema.Prove", "message %s: %s", at.r.name, fmt.Sprintf(format, args...))
}

// both decodes a payload on both sides and returns what stands at a path.
func (p *prover) both(payload []byte, path []int32) (wrote, read string, ok bool) {
	w, err := p.writer.unmarshal(payload)
	if err != nil || p.writer.Check(payload) != nil {
		return "", "", false
	}
	r, err := p.reader.unmarshal(payload)
	if err != nil {
		return "", "", false
	}
	return textAt(w.ProtoReflect(), path), textAt(r.ProtoReflect(), path), true
}

// lost tries a member of a oneof that the reader does not know although it knows others of them: it takes the oneof for empty.
func (p *prover) lost(at *stand, ws slot) {
	if ws.json.oneof == 0 {
		return
	}
	for _, other := range at.w.ordered {
		rs := at.r.slot(other.json.number)
		if other.json.oneof != ws.json.oneof || !rs.known || rs.json == nil {
			continue
		}
		for _, v := range p.values(ws) {
			payload := p.around(at, &ws, ws.encode(v)...)
			wrote, read, ok := p.both(payload, at.path(ws.json.number))
			if ok && wrote != nothing && read == nothing && p.written(payload) {
				p.found(at, payload, "field %s (%d): the writer set this member of a oneof, the reader knows others of them and takes the oneof for empty",
					ws.json.proto, ws.json.number)
				return
			}
		}
	}
}

// oneofs tries two fields that could be set together and that exclude each other for the reader.
func (p *prover) oneofs(at *stand) {
	first := map[uint64]slot{}
	for _, ws := range at.w.ordered {
		rs := at.r.slot(ws.json.number)
		if p.done() {
			return
		}
		if !rs.known || rs.json == nil || rs.json.oneof == 0 {
			continue
		}
		other, met := first[rs.json.oneof]
		if !met {
			first[rs.json.oneof] = ws
		} else if ws.json.oneof == 0 || ws.json.oneof != other.json.oneof {
			p.excluded(at, other, ws)
		}
	}
}

func (p *prover) excluded(at *stand, a, b slot) {
	va, vb := p.values(a), p.values(b)
	if len(va) == 0 || len(vb) == 0 {
		return
	}
	payload := p.around(at, &a, append(a.encode(va[0]), b.encode(vb[0])...)...)
	wrote, read, ok := p.both(payload, at.path(a.json.number))
	if ok && wrote != nothing && read == nothing && p.written(payload) {
		p.found(at, payload, "fields %s (%d) and %s (%d): the writer set both, the reader keeps %s alone, for they are members of one oneof",
			a.json.proto, a.json.number, b.json.proto, b.json.number, b.json.proto)
	}
}
