package formattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
)

func valueName(i int, v Value) string {
	if v.Message == "" {
		return fmt.Sprintf("value/%d", i)
	}
	return fmt.Sprintf("value/%d-%s", i, v.Message)
}

func checkNames(t *testing.T, s schema.Schema) {
	for _, name := range []string{"no.such.Message", "\x00", "a..b", "."} {
		if _, err := s.Message(name); !errors.Is(err, schema.ErrMessageNotFound) {
			t.Errorf("Message(%q): error %v, want %s", name, err, schema.ErrMessageNotFound.Name())
		}
	}
}

// exhibit is one message with a payload of it.
type exhibit struct {
	schema  schema.Schema
	message schema.Message
	payload []byte
	json    []byte
}

func newExhibit(t *testing.T, f schema.Format, s Sample, v Value) exhibit {
	t.Helper()
	sch := mustParse(t, f, s)
	m, err := sch.Message(v.Message)
	if err != nil {
		t.Fatalf("Message(%q): %v", v.Message, err)
	}
	payload, err := m.Append(nil, v.Go)
	if err != nil {
		t.Fatalf("Append(%v): %v", v.Go, err)
	}
	text, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatalf("AppendJSON(%x): %v", payload, err)
	}
	return exhibit{schema: sch, message: m, payload: payload, json: text}
}

func checkValue(t *testing.T, c Config, s Sample, v Value) {
	x := newExhibit(t, c.Format, s, v)
	if v.Message != "" && x.message.Name() != v.Message {
		t.Errorf("Name() = %q, want %q", x.message.Name(), v.Message)
	}
	if err := x.message.Check(x.payload); err != nil {
		t.Errorf("Check refuses what Append wrote: %v", err)
	}
	if v.JSON != "" {
		sameJSON(t, "AppendJSON", []byte(v.JSON), x.json)
	}
	t.Run("json", func(t *testing.T) { checkJSON(t, x) })
	t.Run("generic", func(t *testing.T) { checkGeneric(t, x) })
	t.Run("prefix", func(t *testing.T) { checkPrefix(t, x) })
	t.Run("dst", func(t *testing.T) { checkDst(t, x, v) })
	t.Run("truncated", func(t *testing.T) { checkTruncated(t, x, c.PrefixesRefused) })
	t.Run("trailing", func(t *testing.T) { checkTrailing(t, x) })
	t.Run("target", func(t *testing.T) { checkTargets(t, x) })
	t.Run("random", func(t *testing.T) { checkRandom(t, x) })
}

func checkJSON(t *testing.T, x exhibit) {
	if !json.Valid(x.json) {
		t.Fatalf("AppendJSON gave no JSON: %s", x.json)
	}
	back, err := x.message.ParseJSON(nil, x.json)
	if err != nil {
		t.Fatalf("ParseJSON(%s): %v", x.json, err)
	}
	samePayload(t, x, "ParseJSON", back)
}

// checkGeneric decodes into an any and encodes what came out.
func checkGeneric(t *testing.T, x exhibit) {
	payload := bytes.Clone(x.payload)
	var v any
	if err := x.message.Decode(payload, &v); err != nil {
		t.Fatalf("Decode: %v", err)
	}
	for i := range payload {
		payload[i] ^= 0xff // nothing in v may alias the payload
	}
	back, err := x.message.Append(nil, v)
	if err != nil {
		t.Fatalf("Append(%v), a value that Decode gave: %v", v, err)
	}
	samePayload(t, x, "Append of the decoded value", back)
}

// checkPrefix proves that Open undoes AppendPrefix. A format without a prefix opens the root whatever the message.
func checkPrefix(t *testing.T, x exhibit) {
	if len(x.message.AppendPrefix(nil)) == 0 {
		if m, err := x.schema.Message(""); err != nil || m.Name() != x.message.Name() {
			return
		}
	}
	body := append(x.message.AppendPrefix([]byte{}), x.payload...)
	m, rest, err := x.schema.Open(body)
	if err != nil {
		t.Fatalf("Open(%x): %v", body, err)
	}
	if m.Name() != x.message.Name() {
		t.Errorf("Open returned message %q, want %q", m.Name(), x.message.Name())
	}
	if !bytes.Equal(rest, x.payload) {
		t.Errorf("Open left %x, want %x", rest, x.payload)
	}
	if got := x.message.AppendPrefix([]byte("ab")); !bytes.HasPrefix(got, []byte("ab")) {
		t.Errorf("AppendPrefix overwrote dst: %q", got)
	}
}

// samePayload compares two payloads by their JSON form: encodings need not be unique.
func samePayload(t *testing.T, x exhibit, what string, payload []byte) {
	t.Helper()
	if err := x.message.Check(payload); err != nil {
		t.Errorf("Check refuses what %s wrote: %v", what, err)
	}
	text, err := x.message.AppendJSON(nil, payload)
	if err != nil {
		t.Fatalf("AppendJSON of what %s wrote: %v", what, err)
	}
	sameJSON(t, what, x.json, text)
}

func sameJSON(t *testing.T, what string, want, got []byte) {
	t.Helper()
	if diff := cmp.Diff(jsonValue(t, want), jsonValue(t, got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func jsonValue(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("no JSON: %s: %v", text, err)
	}
	return v
}
