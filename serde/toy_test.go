package serde_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

// toy is the smallest format with everything that serde meets: references, several message types behind a prefix of one byte,
// and projection. A schema's text is "Name1,Name2 field"; a payload is "field=<text>;", which only readers that know the field
// (or write with it) understand.
type toy struct{}

var formats = schema.NewFormats(toy{})

func (toy) Name() string         { return "TOY" }
func (toy) Rules() []schema.Rule { return nil }

func (toy) Parse(src schema.Source, deps []schema.Dep) (schema.Schema, error) {
	names, field, ok := strings.Cut(src.Text, " ")
	if !ok {
		return nil, fault.New(schema.ErrInvalid, "toy", "no field in %q", src.Text)
	}
	s := &toySchema{text: src.Text}
	for i, d := range deps {
		field += "+" + d.Schema.(*toySchema).text
		if d.Reference != src.References[i] {
			return nil, fault.New(schema.ErrInvalid, "toy", "references out of order")
		}
	}
	for i, n := range strings.Split(names, ",") {
		s.messages = append(s.messages, &toyMessage{name: n, index: byte(i), field: field})
	}
	return s, nil
}

type toySchema struct {
	text     string
	messages []*toyMessage
}

func (s *toySchema) Format() string                { return "TOY" }
func (s *toySchema) Canonical() string             { return s.text }
func (s *toySchema) Normalize() schema.Schema      { return s }
func (s *toySchema) Render(string) (string, error) { return s.text, nil }
func (s *toySchema) Differences(schema.Schema, schema.Question) []schema.Difference {
	return nil
}

func (s *toySchema) Message(name string) (schema.Message, error) {
	for _, m := range s.messages {
		if name == "" || m.name == name {
			return m, nil
		}
	}
	return nil, fault.New(schema.ErrMessageNotFound, "toy", "no message %q", name)
}

func (s *toySchema) Open(body []byte) (schema.Message, []byte, error) {
	if len(body) == 0 || int(body[0]) >= len(s.messages) {
		return nil, nil, fault.New(schema.ErrMessageNotFound, "toy", "no such message index")
	}
	return s.messages[body[0]], body[1:], nil
}

type toyMessage struct {
	name, field string
	index       byte
}

func (m *toyMessage) Name() string                   { return m.name }
func (m *toyMessage) AppendPrefix(dst []byte) []byte { return append(dst, m.index) }

func (m *toyMessage) text(payload []byte) (string, error) {
	rest, ok := strings.CutPrefix(string(payload), m.field+"=")
	if !ok || !strings.HasSuffix(rest, ";") {
		return "", fault.New(schema.ErrPayload, "toy", "%q is no payload of %s", payload, m.field)
	}
	return strings.TrimSuffix(rest, ";"), nil
}

func (m *toyMessage) Check(payload []byte) error {
	_, err := m.text(payload)
	return err
}

func (m *toyMessage) Append(dst []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case string:
		return fmt.Appendf(dst, "%s=%s;", m.field, x), nil
	case *string:
		return fmt.Appendf(dst, "%s=%s;", m.field, *x), nil
	case *note:
		return fmt.Appendf(dst, "%s=%s;", m.field, x.Text), nil
	}
	return append(dst, "half a val"...), fault.New(schema.ErrPayload, "toy", "%T is no string", v)
}

func (m *toyMessage) Decode(payload []byte, v any) error {
	text, err := m.text(payload)
	if err != nil {
		return err
	}
	return store(v, text)
}

func store(v any, text string) error {
	switch x := v.(type) {
	case *string:
		*x = text
	case *any:
		*x = text
	case *note:
		x.Text = text
	default:
		return fault.New(schema.ErrPayload, "toy", "cannot decode into %T", v)
	}
	return nil
}

func (m *toyMessage) AppendJSON(dst, payload []byte) ([]byte, error) {
	text, err := m.text(payload)
	if err != nil {
		return dst, err
	}
	return fmt.Appendf(dst, `{%q:%q}`, m.field, text), nil
}

func (m *toyMessage) ParseJSON(dst, text []byte) ([]byte, error) {
	var v map[string]string
	if err := json.Unmarshal(text, &v); err != nil {
		return dst, fault.Wrap(schema.ErrPayload, "toy", err, "no JSON")
	}
	return m.Append(dst, v[m.field])
}

// Project counts, and reads any field of the writer's as its own, marked.
func (m *toyMessage) Project(writer schema.Message) (schema.Projection, error) {
	w := writer.(*toyMessage)
	projections.add(m.field + "<-" + w.field)
	if w.field == "alien" {
		return nil, fault.New(schema.ErrInvalid, "toy", "alien")
	}
	return view{w, m}, nil
}

type view struct{ writer, reader *toyMessage }

func (v view) Decode(payload []byte, into any) error {
	text, err := v.writer.text(payload)
	if err != nil {
		return err
	}
	return store(into, v.reader.field+":"+text)
}

func (v view) AppendJSON(dst, payload []byte) ([]byte, error) {
	text, err := v.writer.text(payload)
	return fmt.Appendf(dst, `{%q:%q}`, v.reader.field, text), err
}

type note struct{ Text string }

// counter counts things by name, from many goroutines.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

var projections counter

func (c *counter) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
}

func (c *counter) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[what]
}

// fake is a registry in memory that counts what it is asked and fails on command.
type fake struct {
	mu       sync.Mutex
	calls    counter
	subjects map[string][]serde.Registered
	deleted  map[string]bool // subjects without live versions
	next     schema.ID
	down     error
	gate     chan struct{} // if not nil, every answer waits for it
	noText   bool          // Register answers with the ID alone
}

func newFake() *fake {
	return &fake{subjects: map[string][]serde.Registered{}, deleted: map[string]bool{}, next: 1}
}

var errNotThere = fault.NewCode(fault.NotFound, "not_there")

// add puts a version under a subject with the next ID.
func (f *fake) add(subject, text string, refs ...schema.Reference) serde.Registered {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.next
	f.next++
	r := serde.Registered{
		Subject: subject, Version: len(f.subjects[subject]) + 1, ID: id, GUID: fmt.Sprintf("%032x", id), Format: "TOY", Text: text, References: refs,
	}
	f.subjects[subject] = append(f.subjects[subject], r)
	return r
}

func (f *fake) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = err
}

func (f *fake) enter(ctx context.Context, call string, args ...any) error {
	f.calls.add(strings.Join(strings.Fields(call+" "+fmt.Sprintln(args...)), " "))
	f.mu.Lock()
	gate, down := f.gate, f.down
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return down
}

func (f *fake) find(what string, match func(serde.Registered) bool) (serde.Registered, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, versions := range f.subjects {
		if i := slices.IndexFunc(versions, match); i >= 0 {
			return versions[i], nil
		}
	}
	return serde.Registered{}, fault.New(errNotThere, "fake", "%s not found", what)
}

func (f *fake) ByID(ctx context.Context, subject string, id schema.ID) (serde.Registered, error) {
	if err := f.enter(ctx, "ByID", subject, id); err != nil {
		return serde.Registered{}, err
	}
	return f.find("id", func(r serde.Registered) bool { return r.ID == id })
}

func (f *fake) ByGUID(ctx context.Context, guid schema.GUID) (serde.Registered, error) {
	if err := f.enter(ctx, "ByGUID"); err != nil {
		return serde.Registered{}, err
	}
	return f.find("guid", func(r serde.Registered) bool { return r.GUID == fmt.Sprintf("%x", guid[:]) })
}

func (f *fake) Latest(ctx context.Context, subject string) (serde.Registered, error) {
	if err := f.enter(ctx, "Latest", subject); err != nil {
		return serde.Registered{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	versions := f.subjects[subject]
	if len(versions) == 0 || f.deleted[subject] {
		return serde.Registered{}, fault.New(errNotThere, "fake", "Subject '%s' not found.", subject)
	}
	return versions[len(versions)-1], nil
}

func (f *fake) Version(ctx context.Context, subject string, version int) (serde.Registered, error) {
	if err := f.enter(ctx, "Version", subject, version); err != nil {
		return serde.Registered{}, err
	}
	return f.find("version", func(r serde.Registered) bool { return r.Subject == subject && r.Version == version })
}

func (f *fake) Register(ctx context.Context, subject string, s serde.Unregistered) (serde.Registered, error) {
	if err := f.enter(ctx, "Register", subject); err != nil {
		return serde.Registered{}, err
	}
	r, err := f.find("text", func(r serde.Registered) bool { return r.Subject == subject && r.Text == s.Text })
	if err != nil {
		r = f.add(subject, s.Text, s.References...)
	}
	if f.noText {
		return serde.Registered{ID: r.ID}, nil
	}
	return r, nil
}

func (f *fake) Lookup(ctx context.Context, subject string, s serde.Unregistered) (serde.Registered, error) {
	if err := f.enter(ctx, "Lookup", subject); err != nil {
		return serde.Registered{}, err
	}
	return f.find("text", func(r serde.Registered) bool { return r.Subject == subject && r.Text == s.Text })
}

func (f *fake) Has(ctx context.Context, subject string, id schema.ID) (bool, error) {
	if err := f.enter(ctx, "Has", subject, id); err != nil {
		return false, err
	}
	_, err := f.find("use", func(r serde.Registered) bool { return r.Subject == subject && r.ID == id })
	return err == nil, nil
}

func (f *fake) asked(t *testing.T, call string, want int) {
	t.Helper()
	if got := f.calls.of(call); got != want {
		t.Errorf("the registry was asked %q %d times, want %d", call, got, want)
	}
}
