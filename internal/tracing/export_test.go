package tracing

// RefusedSpans is refusedSpans.
var RefusedSpans = refusedSpans

// TraceContext returns the IDs and the state that headers give.
func TraceContext(header map[string][]string) (trace, span, state string, ok bool) {
	p, ok := traceContext(header)
	return string(p.trace[:]), string(p.span[:]), p.state, ok
}

// B3 is b3Single, and reports whether it found something.
func B3(text string) bool {
	_, ok := b3Single(map[string][]string{"B3": {text}})
	return ok
}
