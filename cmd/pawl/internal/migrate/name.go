package migrate

import "strings"

const (
	defaultContext = "."
	globalName     = ":.__GLOBAL:" // the level above all contexts, which only settings have
	topName        = ""            // of the settings of the default context
	// reserved is the subject under which IDs are given away for good; it lives only while that is done.
	reserved = "pawl-migrate-reserved"
)

// contextOf returns the context of a name, with its leading dot.
func contextOf(name string) string {
	context, _ := cut(name)
	return context
}

// cut splits a name into its context and its subject (Confluent: QualifiedSubject).
func cut(name string) (context, subject string) {
	if !strings.HasPrefix(name, ":.") {
		return defaultContext, name
	}
	context, subject, _ = strings.Cut(name[1:], ":")
	return context, subject
}

// in returns the name of a subject in a context.
func in(context, subject string) string {
	if context == defaultContext {
		return subject
	}
	return ":" + context + ":" + subject
}

// plainName writes a name in its one form: without a prefix in the default context.
func plainName(name string) string { return in(cut(name)) }

// referred returns the name of a subject that a schema of a context refers to.
func referred(context, subject string) string {
	if strings.HasPrefix(subject, ":.") {
		return plainName(subject)
	}
	return in(context, subject)
}

// scope is a prefix of names as the API takes it: ":*:" and the start of a subject in every context, ":.ctx:" and the start of
// one in that context, or the start of a subject in the default context.
type scope string

const everything scope = ":*:"

func (s scope) has(name string) bool {
	context, subject := cut(name)
	if rest, every := strings.CutPrefix(string(s), ":*:"); every {
		return strings.HasPrefix(subject, rest)
	}
	wanted, start := cut(string(s))
	return context == wanted && strings.HasPrefix(subject, start)
}

// hasContext reports whether a whole context is in scope, with the settings that stand above its subjects.
func (s scope) hasContext(context string) bool {
	if s == everything {
		return true
	}
	wanted, start := cut(string(s))
	return context == wanted && start == "" && !strings.HasPrefix(string(s), ":*:")
}

// hasSetting reports whether the settings of a name are in scope, the name being a subject, a context or one of the top levels.
func (s scope) hasSetting(name string) bool {
	if name == globalName {
		return s == everything
	}
	if context, subject := cut(name); subject == "" {
		return s.hasContext(context)
	}
	return s.has(name)
}

// describe names the holder of settings for people.
func describe(name string) string {
	context, subject := cut(name)
	switch {
	case name == topName:
		return "the registry"
	case name == globalName:
		return "all contexts (" + globalName + ")"
	case subject == "":
		return "context " + context
	}
	return "subject " + name
}
