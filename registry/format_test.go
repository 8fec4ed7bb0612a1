package registry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

// The encoding of changes is frozen: what this test shows must be readable for ever, see FORMAT.md.
func TestFormatOfChangesIsFrozen(t *testing.T) {
	s := newStory(t, registry.Options{})
	for _, block := range []string{
		"register a\nx",
		"register :.ctx:b refs=r=:.:a=1 meta={\"properties\":{\"k\":\"v\"}} rules={\"enableAt\":\"ALL\"}\n@r",
		"setconfig a {\"compatibility\":\"full\",\"normalize\":true}",
		"deleteconfig a",
		"setmode a READWRITE",
		"delete :.ctx:b",
		"delete :.ctx:b permanent",
		"deletecontext ctx",
		"delete a",
		"delete a permanent",
	} {
		s.play(block)
	}
	const head = `{"format":1,"time":1700000000000,`
	want := []string{
		head + `"put":[{"subject":"a","version":1,"id":1,"type":"WORDS","schema":"x"}]}`,
		head + `"put":[{"subject":":.ctx:b","version":1,"id":1,"type":"WORDS","schema":"@r","references":[{"name":"r","subject":":.:a","version":1}],"metadata":{"properties":{"k":"v"}},"ruleSet":{"enableAt":"ALL"}}]}`,
		head + `"config":{"a":{"normalize":true,"compatibility":"FULL"}}}`,
		head + `"config":{"a":null}}`,
		head + `"mode":{"a":"READWRITE"}}`,
		head + `"hide":[{"subject":":.ctx:b","version":1}]}`,
		head + `"remove":[{"subject":":.ctx:b","version":1}]}`,
		head + `"drop":[".ctx"]}`,
		head + `"hide":[{"subject":"a","version":1}]}`,
		head + `"remove":[{"subject":"a","version":1}],"mode":{"a":null}}`,
	}
	var got []string
	if err := s.store.Read(context.Background(), 0, func(e registry.Entry) error {
		got = append(got, string(e.Data))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStoresThatCannotBeRead(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON":            `{`,
		"a later format":     `{"format":3,"time":1}`,
		"no format":          `{"time":1}`,
		"a member of a kind": `{"format":1,"put":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			store := storetest.NewMemory()
			if err := store.Append(context.Background(), 0, []byte(data)); err != nil {
				t.Fatal(err)
			}
			reg, err := registry.New(context.Background(), registry.Options{Store: store, Formats: testFormats})
			if !errors.Is(err, registry.ErrCorrupt) {
				t.Errorf("New gives %v, %v", reg, err)
			}
		})
	}
}

// FuzzReplay feeds any bytes as a change. A registry either refuses to start or answers.
func FuzzReplay(f *testing.F) {
	for _, seed := range []string{
		`{"format":1,"time":1,"put":[{"subject":"a","version":1,"id":1,"type":"WORDS","schema":"x"}]}`,
		`{"format":1,"put":[{"subject":"a","version":-1,"id":-1},{"subject":"a","version":-1,"id":2},{"subject":":.","version":0,"references":[{"name":"","subject":"","version":0}]}],"hide":[{"subject":"a","version":-1}],"remove":[{"subject":"b","version":1}]}`,
		`{"format":1,"snapshot":true,"contexts":[".x",""],"drop":[".x"],"lastIds":{".x":2147483647,"":-5},"config":{"":{},"a":null,":.x:":{"alias":"a"}},"mode":{"b":"","c":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		store := storetest.NewMemory()
		if err := store.Append(context.Background(), 0, data); err != nil {
			t.Fatal(err)
		}
		reg, err := registry.New(context.Background(), registry.Options{Store: store, Formats: testFormats})
		if err != nil {
			if !errors.Is(err, registry.ErrCorrupt) {
				t.Fatalf("New: %v", err)
			}
			return
		}
		defer reg.Close()
		s := &story{t: t, store: store, reg: reg}
		before := s.everything()
		if err := reg.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
		s.opts.Formats = testFormats
		s.open()
		if diff := cmp.Diff(before, s.everything()); diff != "" {
			t.Errorf("a compaction changed what the registry holds (-before +after):\n%s", diff)
		}
	})
}
