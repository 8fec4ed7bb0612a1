package protobuf

import (
	"encoding/base64"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// parsed is one schema: a tree, the types it can name, and what is derived from them on demand.
type parsed struct {
	universe *universe
	text     string        // as it was sent
	normal   string        // the canonical text, if it is not what the tree prints
	printed  func() string // the tree
	linked   func() (*linkage, error)
	tables   func() *tables

	transcoders sync.Pool // of *transcoder
}

func newParsed(u *universe) *parsed {
	s := &parsed{universe: u}
	s.printed = sync.OnceValue(func() string { return printFile(u.main.file) })
	s.linked = sync.OnceValues(func() (*linkage, error) { return link(u) })
	s.tables = sync.OnceValue(func() *tables { return compileTables(s) })
	s.transcoders.New = func() any { return new(transcoder) }
	return s
}

// release takes a transcoder back unless one payload made it huge.
func (s *parsed) release(x *transcoder) {
	const maxKept = 4096
	if cap(x.spans) > maxKept || cap(x.entries) > maxKept {
		return
	}
	clear(x.entries[:cap(x.entries)])
	x.spans, x.entries = x.spans[:0], x.entries[:0]
	s.transcoders.Put(x)
}

// Format implements schema.Schema.
func (s *parsed) Format() string { return Format.Name() }

// Canonical returns the text printed from the tree (Confluent: ProtobufSchema.canonicalString).
func (s *parsed) Canonical() string {
	if s.normal != "" {
		return s.normal
	}
	return s.printed()
}

// EqualTo compares the texts printed from both trees. A normal text holds defaults and JSON names among the other options, so a
// stored text need not be what its own tree prints.
func (s *parsed) EqualTo(other schema.Schema) bool {
	o, ok := other.(*parsed)
	return ok && s.printed() == o.printed()
}

// Normalize returns the schema in one order with all type names in full (Confluent: normalize=true).
func (s *parsed) Normalize() schema.Schema {
	f := normalized(s.universe)
	text := printFile(f)
	separateDefaults(f)
	u := *s.universe
	u.main = &source{file: f, symbols: collect(f), origin: origin{main: true}}
	n := newParsed(&u)
	n.normal, n.text = text, s.text
	return n
}

// separateDefaults takes default and json_name, which normalization sorts among the options, out of them again.
func separateDefaults(f *file) {
	walkFields(f, func(x *field) { x.setOptions(x.takeOptions()) })
}

func (f *field) takeOptions() []option {
	all := f.options
	f.options = nil
	return all
}

// Render returns the text without extensions and custom options ("ignore_extensions"), as the base64 of a FileDescriptorProto
// ("serialized"), or the canonical text.
func (s *parsed) Render(style string) (string, error) {
	switch style {
	case "ignore_extensions":
		return printFile(withoutExtensions(s.universe.main.file)), nil
	case "serialized":
		return s.serialized()
	}
	return s.Canonical(), nil
}

func (s *parsed) serialized() (text string, err error) {
	const op = "protobuf.Schema.Render"
	defer recovered(op, schema.ErrInvalid, &err)
	fd, err := s.descriptor()
	if err != nil {
		return "", fault.New(schema.ErrInvalid, op, "the schema has no descriptor: %s", err)
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(fd)
	if err != nil {
		return "", fault.Wrap(schema.ErrInvalid, op, err, "the descriptor of the schema cannot be encoded")
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// Fields lists the fields of all top-level messages that are not in a oneof (Confluent: validateFields' reserved names).
func (s *parsed) Fields() []string {
	var names []string
	for _, m := range s.universe.main.file.messages {
		for _, f := range m.fields {
			names = append(names, f.name)
		}
	}
	return names
}

// withoutExtensions drops extension ranges, extend blocks and custom options other than Confluent's own.
func withoutExtensions(f *file) *file {
	p := pruner{keep: func(o option) bool { return !o.paren || strings.HasPrefix(o.name, "confluent.") }}
	return p.file(f)
}
