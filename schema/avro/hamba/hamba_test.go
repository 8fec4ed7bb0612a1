package hamba_test

import (
	"errors"
	"testing"

	hambaavro "github.com/hamba/avro/v2"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/avro/hamba"
)

func parse(t *testing.T, text string, deps ...schema.Dep) schema.Schema {
	t.Helper()
	s, err := avro.Format.Parse(schema.Source{Text: text}, deps)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReferencesAreInlined(t *testing.T) {
	part := parse(t, `{"type":"record","name":"base.Part","fields":[{"name":"no","type":"long"}]}`)
	whole := parse(t, `{"type":"record","name":"base.Whole","fields":[{"name":"p","type":"Part"},{"name":"q","type":"base.Part"}]}`,
		schema.Dep{Reference: schema.Reference{Name: "base.Part"}, Schema: part})
	h, err := hamba.Schema(whole)
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]any{"p": map[string]any{"no": int64(1)}, "q": map[string]any{"no": int64(-2)}}
	theirs, err := hambaavro.Marshal(h, value)
	if err != nil {
		t.Fatal(err)
	}
	m, err := whole.Message("")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := m.Append(nil, value)
	if err != nil || string(ours) != string(theirs) {
		t.Errorf("payload %x, %v; want %x", ours, err, theirs)
	}
}

func TestTypesOfOtherSchemasAreNotSeen(t *testing.T) {
	if _, err := hamba.Schema(parse(t, `{"type":"fixed","name":"secret.F","size":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := hambaavro.ParseWithCache(`"secret.F"`, "", hambaavro.DefaultSchemaCache); err == nil {
		t.Error("the type went into the library's common cache")
	}
}

func TestWhatTheLibraryRefusesIsInvalid(t *testing.T) {
	_, err := hamba.Schema(parse(t, `{"type":"enum","name":"E","symbols":[]}`))
	if !errors.Is(err, schema.ErrInvalid) {
		t.Errorf("error %v, want %s", err, schema.ErrInvalid.Name())
	}
}
