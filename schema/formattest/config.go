package formattest

import (
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

// Config is what a format brings to its exam.
type Config struct {
	Format schema.Format
	// Samples are valid schemas, with values of their messages.
	Samples []Sample
	// Pairs are readers and writers with the verdict they must get.
	Pairs []Pair
	// Invalid are texts that no rigor takes.
	Invalid []Invalid
	// PrefixesRefused says that no proper prefix of a payload is a payload of the same message (true of Avro, not of
	// Protobuf). Where it is false a prefix may be valid, but never a panic.
	PrefixesRefused bool
}

// Sample is a valid schema.
type Sample struct {
	Name   string
	Text   string
	Deps   []Dep
	Values []Value
}

// Dep is a reference of a sample and the text it stands for, with references of its own.
type Dep struct {
	Reference schema.Reference
	Text      string
	Deps      []Dep
}

// Value is a value of one message of a sample.
type Value struct {
	// Message is the name asked of Schema.Message; the empty name is the root.
	Message string
	// Go is given to Append. The generic value that Decode makes of the payload must be good for Append as well.
	Go any
	// JSON is the text that AppendJSON must give, compared as a JSON value. The empty text is not compared.
	JSON string
}

// Pair is a reader, a writer and their verdict.
type Pair struct {
	Name           string
	Reader, Writer Sample
	Policy         schema.Policy
	Compatible     bool
}

// Invalid is a text that is no schema.
type Invalid struct {
	Name string
	Text string
	Deps []Dep
}

// Run examines the format. Each check is a subtest, so that a failure names the contract that broke.
func Run(t *testing.T, c Config) {
	t.Helper()
	if len(c.Samples) == 0 || len(c.Pairs) == 0 || len(c.Invalid) == 0 {
		t.Fatal("the exam needs samples, pairs and invalid texts")
	}
	t.Run("rules", func(t *testing.T) { checkRules(t, c.Format) })
	for _, s := range c.Samples {
		t.Run("sample/"+s.Name, func(t *testing.T) { checkSample(t, c, s) })
	}
	for _, p := range c.Pairs {
		t.Run("pair/"+p.Name, func(t *testing.T) { checkPair(t, c.Format, p) })
	}
	for _, in := range c.Invalid {
		t.Run("invalid/"+in.Name, func(t *testing.T) { checkInvalid(t, c.Format, in) })
	}
	t.Run("hostile", func(t *testing.T) { checkHostile(t, c) })
	t.Run("concurrent", func(t *testing.T) { checkConcurrent(t, c) })
}

func checkSample(t *testing.T, c Config, s Sample) {
	t.Run("text", func(t *testing.T) { checkText(t, c.Format, s) })
	t.Run("normalize", func(t *testing.T) { checkNormalize(t, c.Format, s) })
	t.Run("self", func(t *testing.T) { checkSelf(t, c.Format, s) })
	t.Run("message", func(t *testing.T) { checkNames(t, mustParse(t, c.Format, s)) })
	for i, v := range s.Values {
		t.Run(valueName(i, v), func(t *testing.T) { checkValue(t, c, s, v) })
	}
}
