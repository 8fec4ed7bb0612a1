package avro_test

import (
	"errors"
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func seedTexts(f *testing.F) []string {
	f.Helper()
	texts := append([]string(nil), agreed...)
	for _, a := range allowed {
		texts = append(texts, a.text)
	}
	for _, s := range samples() {
		texts = append(texts, s.Text)
	}
	return texts
}

// FuzzParse: whatever is taken has a canonical text that is taken as stored and means the same.
func FuzzParse(f *testing.F) {
	for _, text := range seedTexts(f) {
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, stored bool) {
		rigor := schema.AsNew
		if stored {
			rigor = schema.AsStored
		}
		s, err := avro.Format.Parse(schema.Source{Text: text, Rigor: rigor}, nil)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		again, err := avro.Format.Parse(schema.Source{Text: s.Canonical(), Rigor: schema.AsStored}, nil)
		if err != nil {
			t.Fatalf("canonical text %s: %v", s.Canonical(), err)
		}
		if again.Canonical() != s.Canonical() {
			t.Fatalf("no fixpoint: %s, then %s", s.Canonical(), again.Canonical())
		}
		n := s.Normalize()
		if n.Normalize().Canonical() != n.Canonical() {
			t.Fatalf("not idempotent: %s, then %s", n.Canonical(), n.Normalize().Canonical())
		}
	})
}

// FuzzDifferences: every answer is bounded, listed and repeatable.
func FuzzDifferences(f *testing.F) {
	texts := seedTexts(f)
	for i, text := range texts {
		f.Add(text, texts[(i+1)%len(texts)])
		f.Add(text, text)
	}
	ids := map[string]bool{}
	for _, r := range avro.Format.Rules() {
		ids[r.ID] = true
	}
	f.Fuzz(func(t *testing.T, reader, writer string) {
		r, err := avro.Format.Parse(schema.Source{Text: reader, Rigor: schema.AsStored}, nil)
		if err != nil {
			return
		}
		w, err := avro.Format.Parse(schema.Source{Text: writer, Rigor: schema.AsStored}, nil)
		if err != nil {
			return
		}
		first, second := r.Differences(w, schema.Question{}), r.Differences(w, schema.Question{})
		if len(first) != len(second) {
			t.Fatalf("%d differences, then %d", len(first), len(second))
		}
		for _, d := range first {
			if !ids[d.Rule] || d.Detail == "" {
				t.Fatalf("unlisted or empty: %+v", d)
			}
		}
		for _, d := range r.(schema.Warner).Warnings(w, schema.Question{}) {
			if ids[d.Rule] || d.Detail == "" {
				t.Fatalf("a rule's, or empty: %+v", d)
			}
		}
		if d := r.(schema.Warner).Warnings(r, schema.Question{}); len(d) > 0 {
			t.Fatalf("%s warns of itself: %+v", reader, d)
		}
		project(t, r, w, len(first) == 0)
	})
}

// project: what does not resolve is not projected.
func project(t *testing.T, r, w schema.Schema, compatible bool) {
	t.Helper()
	rm, _ := r.Message("")
	wm, _ := w.Message("")
	p, err := rm.(schema.Projector).Project(wm)
	if err == nil && !compatible && r != w {
		t.Fatal("a projection between types that do not resolve")
	}
	if err != nil {
		return
	}
	for _, payload := range [][]byte{nil, {0}, {2, 0}, {2, 2, 'a', 0}, {2}, {4}, {0, 0, 0, 0, 0, 0, 0, 0}} {
		out, err := p.AppendJSON(nil, payload)
		if (err == nil) != (wm.Check(payload) == nil) && err == nil {
			t.Fatalf("projected %x to %s, which the writer's type refuses", payload, out)
		}
	}
}

// FuzzPayload: the four readers of payloads agree and never panic.
func FuzzPayload(f *testing.F) {
	for i, text := range seedTexts(f) {
		f.Add(text, []byte{0, 2, 4})
		f.Add(text, []byte{byte(i), 2, 'a', 0, 1, 0xff})
	}
	f.Fuzz(func(t *testing.T, text string, payload []byte) {
		s, err := avro.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
		if err != nil {
			return
		}
		m, err := s.Message("")
		if err != nil {
			t.Fatal(err)
		}
		checkErr := m.Check(payload)
		form, jsonErr := m.AppendJSON(nil, payload)
		if (checkErr == nil) != (jsonErr == nil) {
			t.Fatalf("Check: %v, AppendJSON: %v", checkErr, jsonErr)
		}
		var v any
		if err := m.Decode(payload, &v); err != nil && !errors.Is(err, schema.ErrPayload) {
			t.Fatalf("no code: %v", err)
		}
		if jsonErr != nil {
			return
		}
		if back, err := m.ParseJSON(nil, form); err == nil {
			if err := m.Check(back); err != nil {
				t.Fatalf("ParseJSON(%s) = %x: %v", form, back, err)
			}
		}
	})
}
