package protobuf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// linkWriter prints the files of a universe for protocompile: what decides how payloads look, in declared order, and nothing else.
type linkWriter struct {
	universe *universe
	texts    map[string]string
	imports  map[string]*source // of the file being written
	names    rewriter
	err      error
}

// add writes a file and the files it needs.
func (w *linkWriter) add(s *source) error {
	if _, done := w.texts[s.name]; done {
		return nil
	}
	w.texts[s.name] = ""
	w.imports = map[string]*source{}
	w.names = rewriter{w.universe, s.file.pkg}
	out := &file{
		syntax:   s.file.syntax,
		pkg:      s.file.pkg,
		messages: w.messages(s.file.messages),
		enums:    mapped(s.file.enums, w.enum),
		extends:  w.extends(s.file.extends),
	}
	if w.err != nil {
		return w.err
	}
	delete(w.imports, s.name)
	needed := w.imports
	out.imports = slices.Sorted(maps.Keys(needed))
	w.texts[s.name] = printFile(out)
	for _, name := range out.imports {
		if _, built := w.universe.builtin.sources[name]; built && !w.universe.hidden[name] {
			continue
		}
		if err := w.add(needed[name]); err != nil {
			return err
		}
	}
	return nil
}

func (w *linkWriter) messages(in []*message) []*message {
	var out []*message
	for _, m := range in {
		if entryType(m) != "" {
			continue
		}
		w.names.within(m.name, func() {
			out = append(out, &message{
				name:       m.name,
				options:    keepOptions(m.options, "message_set_wire_format"),
				fields:     w.fields(m.fields),
				oneofs:     w.oneofs(m.oneofs),
				groups:     mapped(m.groups, w.group),
				extensions: m.extensions,
				extends:    w.extends(m.extends),
				messages:   w.messages(m.messages),
				enums:      mapped(m.enums, w.enum),
			})
		})
	}
	return out
}

func (w *linkWriter) oneofs(in []*oneof) []*oneof {
	var out []*oneof
	for _, o := range in {
		if len(o.fields)+len(o.groups) > 0 {
			out = append(out, &oneof{name: o.name, fields: w.fields(o.fields), groups: mapped(o.groups, w.group)})
		}
	}
	return out
}

func (w *linkWriter) group(g *group) *group {
	return &group{label: g.label, name: g.name, number: g.number, fields: w.fields(g.fields)}
}

func (w *linkWriter) fields(in []*field) []*field {
	return mapped(in, func(f *field) *field {
		out := &field{label: f.label, typ: w.typeName(f.typ), name: f.name, number: f.number, jsonName: f.jsonName}
		if isMap(out.typ) {
			out.label = noLabel
		}
		if f.def != nil {
			out.options = []option{{name: "default", value: defaultValue(out.typ, *f.def)}}
		}
		out.options = append(out.options, keepOptions(f.options, "packed", "lazy")...)
		return out
	})
}

// defaultValue quotes defaults of bytes, too, which the canonical text leaves bare.
func defaultValue(typ, text string) value {
	if typ == "bytes" {
		return value{kind: kindString, text: text}
	}
	return defaultOf(typ, text)
}

func keepOptions(in []option, names ...string) []option {
	var out []option
	for _, o := range in {
		if !o.paren && slices.Contains(names, o.name) {
			out = append(out, o)
		}
	}
	return out
}

// typeName resolves a type and notes the file it comes from.
func (w *linkWriter) typeName(typ string) string {
	typ = w.names.fieldType(typ)
	if isMap(typ) {
		_, val := mapParts(typ)
		w.note(val)
		return typ
	}
	w.note(typ)
	return typ
}

func (w *linkWriter) note(typ string) {
	if scalars[typ] {
		return
	}
	t, ok := w.universe.resolve("", typ)
	if !ok || !strings.HasPrefix(typ, ".") {
		if w.err == nil {
			w.err = fmt.Errorf("could not resolve type: %s", typ)
		}
		return
	}
	if !t.origin.main {
		w.imports[t.file.name] = t.file
	}
}

// extends keeps extensions of messages; options are of no use to payloads.
func (w *linkWriter) extends(in []*extend) []*extend {
	var out []*extend
	for _, e := range in {
		name := w.names.typeName(e.name)
		if strings.HasPrefix(name, ".google.protobuf.") || len(e.fields) == 0 {
			continue
		}
		w.note(name)
		out = append(out, &extend{name: name, fields: w.fields(e.fields)})
	}
	return out
}

// enum allows aliases where there are any, whether or not the schema says so.
func (w *linkWriter) enum(e *enum) *enum {
	out := &enum{name: e.name}
	seen := map[int32]bool{}
	alias := false
	for _, v := range e.values {
		alias = alias || seen[v.number]
		seen[v.number] = true
		out.values = append(out.values, &enumValue{name: v.name, number: v.number})
	}
	if alias {
		out.options = []option{{name: "allow_alias", value: value{kind: kindBool, text: "true"}}}
	}
	return out
}
