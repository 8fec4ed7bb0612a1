package protobuf

// pruner copies a tree without the options that it does not keep and, unless told otherwise, without extensions.
type pruner struct {
	keep       func(option) bool
	extensions bool
}

func (p pruner) options(in []option) []option {
	var out []option
	for _, o := range in {
		if p.keep(o) {
			out = append(out, o)
		}
	}
	return out
}

func (p pruner) file(f *file) *file {
	out := *f
	out.options = p.options(f.options)
	out.messages = mapped(f.messages, p.message)
	out.enums = mapped(f.enums, p.enum)
	out.extends = p.extends(f.extends)
	out.services = mapped(f.services, p.service)
	return &out
}

func (p pruner) message(m *message) *message {
	out := *m
	out.options = p.options(m.options)
	out.fields = mapped(m.fields, p.field)
	out.oneofs = mapped(m.oneofs, p.oneof)
	out.groups = mapped(m.groups, p.group)
	out.extends = p.extends(m.extends)
	if !p.extensions {
		out.extensions = nil
	}
	out.messages = mapped(m.messages, p.message)
	out.enums = mapped(m.enums, p.enum)
	return &out
}

func (p pruner) extends(in []*extend) []*extend {
	if !p.extensions {
		return nil
	}
	return mapped(in, func(e *extend) *extend {
		out := *e
		out.fields = mapped(e.fields, p.field)
		return &out
	})
}

func (p pruner) field(f *field) *field {
	out := *f
	out.options = p.options(f.options)
	return &out
}

func (p pruner) group(g *group) *group {
	out := *g
	out.fields = mapped(g.fields, p.field)
	return &out
}

func (p pruner) oneof(o *oneof) *oneof {
	return &oneof{o.name, p.options(o.options), mapped(o.fields, p.field), mapped(o.groups, p.group), o.at}
}

func (p pruner) enum(e *enum) *enum {
	out := *e
	out.options = p.options(e.options)
	out.values = mapped(e.values, func(v *enumValue) *enumValue {
		return &enumValue{v.name, v.number, p.options(v.options)}
	})
	return &out
}

func (p pruner) service(s *service) *service {
	return &service{s.name, p.options(s.options), mapped(s.rpcs, func(r *rpc) *rpc {
		out := *r
		out.options = p.options(r.options)
		return &out
	})}
}

// walkFields visits every field of a file, extension fields included.
func walkFields(f *file, visit func(*field)) {
	v := fieldVisitor(visit)
	v.extends(f.extends)
	v.messages(f.messages)
}

type fieldVisitor func(*field)

func (v fieldVisitor) all(fields []*field) {
	for _, f := range fields {
		v(f)
	}
}

func (v fieldVisitor) groups(groups []*group) {
	for _, g := range groups {
		v.all(g.fields)
	}
}

func (v fieldVisitor) extends(extends []*extend) {
	for _, e := range extends {
		v.all(e.fields)
	}
}

func (v fieldVisitor) messages(messages []*message) {
	for _, m := range messages {
		v.all(m.fields)
		v.groups(m.groups)
		for _, o := range m.oneofs {
			v.all(o.fields)
			v.groups(o.groups)
		}
		v.extends(m.extends)
		v.messages(m.messages)
	}
}
