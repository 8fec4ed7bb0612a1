package avro

import (
	"encoding/binary"
	"math"
)

// transcoder runs a plan over a payload of the writer and appends the reader's payload to dst. It checks as it goes.
type transcoder struct {
	cursor
	dst []byte
}

func (t *transcoder) run(p *plan) bool {
	if p.same {
		return t.copy(p.writer)
	}
	if len(t.dst) > maxText {
		return t.fail("the value is longer than %d bytes in the reader's form", maxText)
	}
	switch p.op {
	case opCopy:
		return t.copy(p.writer)
	case opNumber:
		return t.number(p)
	case opEnum:
		i, ok := t.index("symbol", len(p.index))
		if ok && p.index[i] < 0 {
			return t.fail("the reader's enum lacks the symbol %q and has no default", p.writer.named.symbols[i])
		}
		if ok {
			t.dst = appendLong(t.dst, int64(p.index[i]))
		}
		return ok
	case opRefuse:
		return t.fail("%s", p.why)
	}
	ok := t.enter() && t.inner(p)
	t.depth--
	return ok
}

func (t *transcoder) copy(n *node) bool {
	start := t.pos
	ok := t.skip(n)
	if ok {
		t.dst = append(t.dst, t.buf[start:t.pos]...)
	}
	return ok
}

func (t *transcoder) number(p *plan) bool {
	var f float64
	var single float32
	switch p.writer.kind {
	case kindFloat:
		b, ok := t.take(4)
		if !ok {
			return false
		}
		single = math.Float32frombits(binary.LittleEndian.Uint32(b))
		f = float64(single)
	default:
		n, ok := t.long()
		if p.writer.kind == kindInt && ok && (n < math.MinInt32 || n > math.MaxInt32) {
			return t.fail("a number has more than 32 bits")
		}
		if !ok {
			return false
		}
		f, single = float64(n), float32(n)
	}
	if p.to == kindFloat {
		t.dst = binary.LittleEndian.AppendUint32(t.dst, math.Float32bits(single))
	} else {
		t.dst = binary.LittleEndian.AppendUint64(t.dst, math.Float64bits(f))
	}
	return true
}

func (t *transcoder) inner(p *plan) bool {
	switch p.op {
	case opItems:
		return t.items(p)
	case opBranch:
		i, ok := t.index("branch", len(p.inner))
		return ok && t.run(p.inner[i])
	case opWrap:
		t.dst = appendLong(t.dst, int64(p.branch))
		return t.run(p.inner[0])
	}
	start := t.pos
	if p.sorted && !t.stream(p) || !p.sorted && !t.jump(p) {
		return false
	}
	return t.pos > start || t.rest()
}

// items copies the blocks with the counts they have and without their sizes, which change.
func (t *transcoder) items(p *plan) bool {
	idle := 0
	for {
		count, size, ok := t.block()
		if !ok {
			return false
		}
		t.dst = appendLong(t.dst, count)
		if count == 0 {
			return true
		}
		start := t.pos
		for ; count > 0; count-- {
			before := t.pos
			if !t.item(p) {
				return false
			}
			if t.pos == before && !t.idleItem(&idle) {
				return false
			}
		}
		if size >= 0 && int64(t.pos-start) != size {
			return t.fail("a block of %d bytes says that it has %d", t.pos-start, size)
		}
	}
}

func (t *transcoder) item(p *plan) bool {
	if p.writer.kind == kindMap {
		start := t.pos
		if _, ok := t.bytes(); !ok {
			return false
		}
		t.dst = append(t.dst, t.buf[start:t.pos]...)
	}
	return t.run(p.inner[0])
}

// stream handles fields that come in the reader's order.
func (t *transcoder) stream(p *plan) bool {
	for i := range p.fields {
		s := &p.fields[i]
		ok := true
		switch {
		case s.from < 0:
			t.dst = append(t.dst, s.bytes...)
		case s.plan == nil:
			ok = t.skip(p.writer.named.fields[s.from].typ)
		default:
			ok = t.run(s.plan)
		}
		if !ok {
			return false
		}
	}
	return true
}

// jump finds all fields of the writer first, then takes them in the reader's order.
func (t *transcoder) jump(p *plan) bool {
	var few [32]int
	starts := few[:0]
	idle := t.idle
	for i := range p.writer.named.fields {
		starts = append(starts, t.pos)
		if !t.skip(p.writer.named.fields[i].typ) {
			return false
		}
	}
	end := t.pos
	t.idle = idle // what takes no bytes is met again
	for i := range p.fields {
		s := &p.fields[i]
		if s.from < 0 {
			t.dst = append(t.dst, s.bytes...)
			continue
		}
		t.pos = starts[s.from]
		if !t.run(s.plan) {
			return false
		}
	}
	t.pos = end
	return true
}
