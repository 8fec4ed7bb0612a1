// Package schema is the model of a schema: Format, Schema, Message, and the small values that travel between them.
//
// It knows no format by name, no subject rules and does no I/O. A format is one folder below this one; to add one, implement
// [Format], sit the exam in schema/formattest, and pass it to [NewFormats] in cmd.
//
// Everything here is immutable once built and safe for concurrent use.
package schema

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
)

// ErrInvalid is the code of every text that is no schema of its format, and of every reference that does not resolve.
var ErrInvalid = fault.NewCode(fault.Invalid, "invalid_schema")

// ErrPayload is the code of every payload or value that does not fit its schema.
var ErrPayload = fault.NewCode(fault.Invalid, "invalid_payload")

// ErrMessageNotFound is the code of a message name or index path that a schema does not hold.
var ErrMessageNotFound = fault.NewCode(fault.NotFound, "message_not_found")

// ErrUnknownFormat is the code of a format name that no plug-in carries.
var ErrUnknownFormat = fault.NewCode(fault.Invalid, "unknown_format")

// ID is the number a registry gives to a schema within one context. Registries start at 1; the wire carries it as a signed
// 32-bit big-endian integer.
type ID int32

// GUID identifies a schema by content, the same in every registry: the MD5 of its canonical text and what belongs to it.
type GUID [16]byte

// String prints the GUID in the usual 8-4-4-4-12 form.
func (g GUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", g[0:4], g[4:6], g[6:8], g[8:10], g[10:16])
}

// Reference names one version of another subject as part of a schema. Name is what the schema's text calls it: an Avro full
// name, a Protobuf import path, a JSON Schema $ref URI.
type Reference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

// Rigor says how strictly a text is judged.
type Rigor uint8

const (
	// AsNew judges a text that somebody wants to register: names, defaults and references are checked in full.
	AsNew Rigor = iota
	// AsStored judges a text that a registry already holds or that is only looked up: whatever has a meaning is taken.
	AsStored
	// WithFields is AsNew plus the extra checks of Confluent's validateFields.
	WithFields
)

// Source is a schema as it was sent.
type Source struct {
	Text       string
	References []Reference
	Rigor      Rigor
}

// Dep is a direct reference of a source together with its schema, parsed by the same format with the dependencies of its own.
// Formats that need the transitive set reach it through the Dep's Schema.
type Dep struct {
	Reference Reference
	Schema    Schema
}

// Format parses the schemas of one language. Implementations are stateless.
type Format interface {
	// Name is the registry's word for the format, such as the schemaType of the REST API. The implementation is the only
	// place where the word is written.
	Name() string
	// Rules lists every rule ID that Differences can report, in a stable order.
	Rules() []Rule
	// Parse turns text into a linked schema. deps are the direct references of src in its order, already parsed. Every
	// failure has the code ErrInvalid and a detail that says where and why. Parse is bounded in time and memory whatever
	// the text, and never panics.
	Parse(src Source, deps []Dep) (Schema, error)
}

// Rule is one reason for which a reader cannot read what a writer wrote.
type Rule struct {
	ID      string // stable, upper snake case: the errorType of Confluent's messages
	Purpose string // one line: what the rule protects
	Remedy  string // one line: what the author can do instead
}

// Schema is a parsed schema. It carries no subject, version or metadata.
type Schema interface {
	// Format returns the Name of the format that parsed it.
	Format() string
	// Canonical returns the text that registries store and that identity is hashed from (Confluent: ParsedSchema.canonicalString).
	Canonical() string
	// Normalize returns a schema of the same meaning in one order (Confluent: normalize=true).
	Normalize() Schema
	// Render returns the text in a style of the format's own, such as "resolved" or "serialized". An empty or unknown style
	// gives the canonical text.
	Render(style string) (string, error)
	// Differences returns the reasons for which the receiver, as reader, cannot read what writer wrote; none means it can.
	// Tolerated changes are not among them. Both schemas must be of one format.
	Differences(writer Schema, q Question) []Difference
	// Message returns a message type by full name; the empty name is the root.
	Message(name string) (Message, error)
	// Open peels the format's own prefix (Protobuf's message indexes) off a body and returns the message type it names and the
	// payload that follows, which aliases body. Formats without a prefix return the root and the whole body.
	Open(body []byte) (Message, []byte, error)
}

// Question is what is asked of Differences besides the two schemas.
type Question struct {
	Policy Policy
	// Reader and Writer are the words for the two sides in descriptions, "new" and "old" by role. Empty words read as
	// "reader" and "writer".
	Reader, Writer string
}

// Words returns the words for the two sides.
func (q Question) Words() (reader, writer string) {
	reader, writer = q.Reader, q.Writer
	if reader == "" {
		reader = "reader"
	}
	if writer == "" {
		writer = "writer"
	}
	return reader, writer
}

// Policy says how forgiving a comparison is. Formats that have only one set of rules ignore it.
type Policy uint8

const (
	// Strict is the default policy.
	Strict Policy = iota
	// Lenient tolerates the changes that Confluent's compatibilityPolicy LENIENT tolerates.
	Lenient
)

// Difference is one reason for which a reader cannot read what a writer wrote.
type Difference struct {
	Rule    string // a Rule.ID of the format
	Path    string // where in the reader's schema, in the format's own path syntax; empty if the place is unknown
	Detail  string // the reason in one sentence, with the words of the Question for the two sides
	Message string // the same finding in the shape of Confluent's compatibility messages
}

// Message is one message type of a schema and the codec for its payloads. Append-style methods append to dst and return the
// extended slice; on error dst's contents up to its old length are intact. All failures caused by a payload or a value have
// the code ErrPayload. Payloads are outside bytes: no method panics, hangs or allocates without bound on any input.
type Message interface {
	// Name is the full name that record-name subject strategies use.
	Name() string
	// AppendPrefix appends what Open peels off.
	AppendPrefix(dst []byte) []byte
	// Check reports whether the payload is a complete, valid value without building it. Trailing bytes are an error.
	Check(payload []byte) error
	// Append encodes a Go value: a struct, map or generated message, as the format documents.
	Append(dst []byte, v any) ([]byte, error)
	// Decode decodes a whole payload into v, a non-nil pointer. *any receives a generic value: maps, slices and scalars.
	// Nothing in v aliases payload.
	Decode(payload []byte, v any) error
	// AppendJSON appends the payload as one JSON value in the format's own JSON mapping.
	AppendJSON(dst, payload []byte) ([]byte, error)
	// ParseJSON is the inverse of AppendJSON: it appends the payload of one JSON text.
	ParseJSON(dst, text []byte) ([]byte, error)
}

// Projector is implemented by messages whose format resolves a writer's payload into a reader's shape (Avro schema
// resolution). Messages without it read any compatible payload as it is.
type Projector interface {
	// Project prepares the receiver, as reader, for payloads of writer. It fails with ErrInvalid if they do not resolve. The
	// result is safe for concurrent use and meant to be kept.
	Project(writer Message) (Projection, error)
}

// Projection decodes payloads of one writer as one reader sees them. Its methods keep the promises of Message.
type Projection interface {
	Decode(payload []byte, v any) error
	AppendJSON(dst, payload []byte) ([]byte, error)
}

// Fielder is implemented by schemas that can list their top-level field names (reserved fields of validateFields).
type Fielder interface {
	Fields() []string
}

// EntityTags are the tags on one place of a schema. Path is the format's own, such as "ns.Record.field"; a leading dot says
// nothing. Kind is Confluent's word for the place, "sr_record" or "sr_field".
type EntityTags struct {
	Path string
	Kind string
	Tags []string
}

// Tagger is implemented by schemas that carry tags inline (Confluent: confluent:tags).
type Tagger interface {
	// Tags lists the tagged places in the order of the text.
	Tags() []EntityTags
	// EditTags returns the schema with some tags added and then some removed. Adding what is there and removing what is not
	// there changes nothing. A path that leads nowhere is ErrInvalid.
	EditTags(add, remove []EntityTags) (Schema, error)
	// KeepTags returns the schema with those tags added whose places it has; the others are left out.
	KeepTags(tags []EntityTags) (Schema, error)
}

// Locator is implemented by schemas that know where a place stands in the text they were parsed from.
type Locator interface {
	// Locate returns the line and the column, both from 1 and columns in characters, of the place that the Path of a Difference
	// names, in the text as it was sent. Where the text has no such place, that is the nearest one around it. ok is false if
	// the text was not a readable one, such as a serialized descriptor, or is not kept.
	Locate(path string) (line, column int, ok bool)
}

// WriterLocator is implemented by schemas whose paths count places, so that a path of one schema leads elsewhere in another.
type WriterLocator interface {
	// LocateWritten is Locate for a path of reader in the text of the receiver, which reader was compared with as its writer.
	LocateWritten(path string, reader Schema) (line, column int, ok bool)
}

// Position turns a byte offset of a text into a line and a column, both from 1; columns count characters.
func Position(text string, offset int) (line, column int) {
	before := text[:max(0, min(offset, len(text)))]
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// Prover is implemented by schemas that can show by example that they cannot read what a writer wrote.
type Prover interface {
	// Prove looks for a payload that writer takes and the receiver, as reader, refuses or reads as something else than was
	// written, and returns it with the reason in refusal. The search is bounded and ends with ctx; that nothing is found proves
	// nothing. Both schemas must be of one format.
	Prove(ctx context.Context, writer Schema) (payload []byte, refusal error, found bool)
}

// Warner is implemented by schemas that know the changes which Differences tolerates although readers do not survive them
// unharmed: a payload is refused, or reads as something else. They are warnings, and decide nothing.
type Warner interface {
	// Warnings returns such changes for the receiver, as reader of what writer wrote, with the Rule, Path and Detail that a
	// Difference has and no Message. A place that Differences reports need not be warned of as well. The work is bounded; what
	// could not be looked at is left out. Both schemas must be of one format.
	Warnings(writer Schema, q Question) []Difference
}

// WarningLister is implemented by formats whose schemas are Warners.
type WarningLister interface {
	// WarningRules lists every rule ID that Warnings can report, in a stable order. None is among Rules.
	WarningRules() []Rule
}

// Equaler is implemented by schemas whose equality is coarser than equal canonical texts.
type Equaler interface {
	EqualTo(other Schema) bool
}

// Equal reports whether two schemas say the same: by their own measure if they have one, else by canonical text.
func Equal(a, b Schema) bool {
	if a.Format() != b.Format() {
		return false
	}
	if e, ok := a.(Equaler); ok {
		return e.EqualTo(b)
	}
	return a.Canonical() == b.Canonical()
}

// Formats is an immutable set of formats.
type Formats struct {
	list   []Format
	byName map[string]Format
}

// NewFormats returns the set of the given formats. The first is the default: what an empty name means. It panics if the list
// is empty or holds a name twice, which is a mistake in the wiring.
func NewFormats(list ...Format) *Formats {
	if len(list) == 0 {
		panic("schema.NewFormats: no format given")
	}
	f := &Formats{list: list, byName: make(map[string]Format, len(list))}
	for _, x := range list {
		if _, twice := f.byName[x.Name()]; twice {
			panic("schema.NewFormats: format given twice: " + x.Name())
		}
		f.byName[x.Name()] = x
	}
	return f
}

// Lookup returns the format of a name; the empty name is the default format. An unknown name is ErrUnknownFormat.
func (f *Formats) Lookup(name string) (Format, error) {
	if name == "" {
		return f.list[0], nil
	}
	if x, ok := f.byName[name]; ok {
		return x, nil
	}
	return nil, fault.New(ErrUnknownFormat, "schema.Formats.Lookup", "Invalid schema type %s", name)
}

// Default returns the default format.
func (f *Formats) Default() Format { return f.list[0] }

// Names returns the names in alphabetical order.
func (f *Formats) Names() []string {
	names := make([]string, 0, len(f.list))
	for _, x := range f.list {
		names = append(names, x.Name())
	}
	sort.Strings(names)
	return names
}

// All returns the formats in the order given to NewFormats. The caller must not change the slice.
func (f *Formats) All() []Format { return f.list }
