package tracing

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
)

// Kind is the role of a span in a request, by its number in OTLP.
type Kind uint8

const (
	// Internal is a step within a server.
	Internal Kind = 1
	// Server answers a request from outside.
	Server Kind = 2
)

// Tracer begins spans. Make it with New, end it with Close.
type Tracer struct {
	config Config
	queue  *queue
}

// Options are what a Tracer needs besides its configuration.
type Options struct {
	Logger  *slog.Logger // is told when spans are lost; nil discards
	Version string       // of the server
}

// New returns a tracer, or nil if the configuration asks for none. It starts a goroutine, which Close ends. Nothing is sent
// before the first span has ended. Error: ErrConfig, for certificates that cannot be read.
func New(c Config, o Options) (*Tracer, error) {
	if len(c.Exporters) == 0 {
		return nil, nil
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	out, err := c.open(o)
	if err != nil {
		return nil, err
	}
	return &Tracer{config: c, queue: newQueue(c, out, o.Logger)}, nil
}

// Close sends the spans that have ended and waits for that until ctx ends; what is not sent by then is lost. Spans that end
// later are lost too.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.queue.close(ctx)
}

// Counts is what became of the spans that ended.
type Counts struct{ Sent, Lost uint64 }

// Counts returns what became of the spans that ended.
func (t *Tracer) Counts() Counts {
	if t == nil {
		return Counts{}
	}
	return Counts{Sent: t.queue.sent.Load(), Lost: t.queue.lost.Load()}
}

// place is a span's place in a trace (W3C Trace Context).
type place struct {
	trace [16]byte
	span  [8]byte
	flags byte
	state string // tracestate, as it came
}

const (
	flagSampled = 1
	flagRandom  = 2 // the trace's ID is random (W3C Trace Context, level 2)
)

func (p place) valid() bool { return p.trace != [16]byte{} && p.span != [8]byte{} }

// Span is one step of a trace.
type Span struct {
	tracer   *Tracer // nil: nothing is kept of it
	place    place
	parent   [8]byte // zero: it is the root
	remote   bool    // the parent is in another process
	name     string
	kind     Kind
	start    time.Time
	end      time.Time
	attrs    []slog.Attr
	dropped  int // attributes
	failed   bool
	failure  string
	finished bool
}

type spanKey struct{}

// FromContext returns the span that ctx is part of, or nil.
func FromContext(ctx context.Context) *Span {
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}

// Start begins a span below that of ctx, and returns a context that is part of it. In a trace that is not sampled nothing is
// kept of the span.
func (t *Tracer) Start(ctx context.Context, name string, kind Kind) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	parent := FromContext(ctx)
	if parent != nil && parent.tracer == nil {
		return ctx, parent
	}
	s := &Span{kind: kind, name: name}
	switch {
	case parent != nil:
		s.place, s.parent = parent.place, parent.place.span
	default:
		s.place.trace = newTrace()
		s.place.flags = flagRandom
		if t.config.Sampler.root(s.place.trace) {
			s.place.flags |= flagSampled
		}
	}
	return t.begin(ctx, s)
}

// StartRemote begins a span that answers a request from outside, whose headers may name a parent.
func (t *Tracer) StartRemote(ctx context.Context, name string, header map[string][]string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	parent, is := t.config.extract(header)
	if !is {
		return t.Start(ctx, name, Server)
	}
	s := &Span{kind: Server, name: name, place: parent, parent: parent.span, remote: true}
	s.place.flags &^= flagSampled
	if t.config.Sampler.child(parent) {
		s.place.flags |= flagSampled
	}
	return t.begin(ctx, s)
}

func (t *Tracer) begin(ctx context.Context, s *Span) (context.Context, *Span) {
	binary.BigEndian.PutUint64(s.place.span[:], nonZero())
	if s.place.flags&flagSampled != 0 {
		s.tracer = t
		s.start = time.Now()
	}
	return context.WithValue(ctx, spanKey{}, s), s
}

func newTrace() (id [16]byte) {
	binary.BigEndian.PutUint64(id[:8], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], nonZero())
	return id
}

func nonZero() uint64 {
	for {
		if n := rand.Uint64(); n != 0 {
			return n
		}
	}
}

// Recording reports whether anything is kept of the span: if not, there is no need to find out what it is about.
func (s *Span) Recording() bool { return s != nil && s.tracer != nil && !s.finished }

// Sampled reports whether the span is sent once it has ended. Unlike the other methods it may be called by anybody at any time.
func (s *Span) Sampled() bool { return s != nil && s.tracer != nil }

// TraceID returns the ID of the trace in hexadecimal digits.
func (s *Span) TraceID() string { return hex.EncodeToString(s.place.trace[:]) }

// SpanID returns the ID of the span in hexadecimal digits.
func (s *Span) SpanID() string { return hex.EncodeToString(s.place.span[:]) }

// Rename gives the span another name, which must be one of few.
func (s *Span) Rename(name string) {
	if s.Recording() {
		s.name = name
	}
}

// Set adds attributes, whose names the span does not have yet. Values are texts, of which the first 1,024 bytes are kept,
// numbers, booleans or short lists of texts.
func (s *Span) Set(attrs ...slog.Attr) {
	if !s.Recording() {
		return
	}
	room := max(s.tracer.config.MaxAttributes-len(s.attrs), 0)
	if len(attrs) > room {
		s.dropped += len(attrs) - room
		attrs = attrs[:room]
	}
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindString && len(a.Value.String()) > maxText {
			a.Value = slog.StringValue(clip(a.Value.String()))
		}
		s.attrs = append(s.attrs, a)
	}
}

// maxText bounds the texts of a span, in bytes: they come from outside, and a queue of spans may be full of them.
const maxText = 1024

// clip returns the beginning of a text, which keeps nothing of the rest in memory.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.Clone(text[:maxText])
}

// Fail says that what the span is about did not succeed, and why.
func (s *Span) Fail(why string) {
	if s.Recording() {
		s.failed, s.failure = true, clip(why)
	}
}

// End ends the span and queues it to be sent. It never waits. Later calls of any method do nothing.
func (s *Span) End() {
	if !s.Recording() {
		return
	}
	s.finished = true
	s.end = s.start.Add(time.Since(s.start)) // by the monotonic clock
	s.tracer.queue.add(s)
}
