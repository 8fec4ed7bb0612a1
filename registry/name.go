package registry

import "strings"

// DefaultContext is the name of the context that unqualified subjects are in.
const DefaultContext = "."

const (
	globalContext = ".__GLOBAL"
	allContexts   = ":*:"
)

// Name is a subject within a context.
type Name struct {
	Context string // with its leading dot; DefaultContext if none was given
	Subject string // may be empty, which names the context itself where that has a meaning
}

// ParseName reads ":.ctx:subject", ":.ctx" or "subject". It never fails: what is not qualified is a subject of the default
// context (Confluent: QualifiedSubject).
func ParseName(s string) Name {
	if !strings.HasPrefix(s, ":.") {
		return Name{DefaultContext, s}
	}
	ctx, subject, _ := strings.Cut(s[1:], ":")
	return Name{ctx, subject}
}

// ParseContext reads the name of a context as paths give it: "ctx", ".ctx" or ":.ctx:".
func ParseContext(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, ":"), ":")
	if !strings.HasPrefix(s, ".") {
		s = "." + s
	}
	return s
}

// String returns the usual form of the name: unqualified in the default context.
func (n Name) String() string {
	if n.Context == DefaultContext {
		return n.Subject
	}
	return ":" + n.Context + ":" + n.Subject
}

// in returns the name s stands for when it is used inside context ctx.
func in(ctx, s string) Name {
	n := ParseName(s)
	if !strings.HasPrefix(s, ":.") {
		n.Context = ctx
	}
	return n
}
