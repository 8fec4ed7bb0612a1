package tracing

import "encoding/binary"

// Sampler decides which traces are kept. The zero value keeps all that the parent, if there is one, keeps.
type Sampler struct {
	ratio  ratio
	orphan bool // the decision of a remote parent is not asked for
}

// ratio is the share of traces that are kept, of 1<<63; the zero value keeps all.
type ratio struct {
	limited bool
	below   uint64
}

// keeps decides as OpenTelemetry's SDKs do (TraceIdRatioBased), so that all services of a trace with one ratio agree.
func (r ratio) keeps(trace [16]byte) bool {
	return !r.limited || binary.BigEndian.Uint64(trace[8:])>>1 < r.below
}

func share(of float64) ratio {
	if of >= 1 {
		return ratio{}
	}
	return ratio{limited: true, below: uint64(of * (1 << 63))}
}

// root decides about a trace that begins here.
func (s Sampler) root(trace [16]byte) bool { return s.ratio.keeps(trace) }

// child decides about a trace that comes from elsewhere.
func (s Sampler) child(parent place) bool {
	if s.orphan {
		return s.ratio.keeps(parent.trace)
	}
	return parent.flags&flagSampled != 0
}
