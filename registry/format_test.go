package registry_test

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
)

var guids = regexp.MustCompile(`"guid":"[0-9a-f-]{36}"`)

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
		"createkek k",
		"createdek k :.ctx:s wrapped=bQ==",
		"deletedek k :.ctx:s",
		"deletedek k :.ctx:s permanent",
		"deletekek k",
		"deletekek k permanent",
		"associate i\nx",
		"dissociate i cascade",
	} {
		s.play(block)
	}
	const head = `{"format":1,"time":1700000000000,`
	const head2 = `{"format":2,"time":1700000000000,`
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
		head2 + `"putKeks":[{"name":"k","kmsType":"t","kmsKeyId":"k"}]}`,
		head2 + `"putDeks":[{"kek":"k","subject":":.ctx:s","version":1,"algorithm":"AES256_GCM","wrapped":"bQ=="}]}`,
		head2 + `"putDeks":[{"kek":"k","subject":":.ctx:s","version":1,"algorithm":"AES256_GCM","wrapped":"bQ==","deleted":true}]}`,
		head2 + `"removeDeks":[{"kek":"k","subject":":.ctx:s","version":1,"algorithm":"AES256_GCM"}]}`,
		head2 + `"putKeks":[{"name":"k","kmsType":"t","kmsKeyId":"k","deleted":true}]}`,
		head2 + `"removeKeks":["k"]}`,
		head2 + `"put":[{"subject":":.n:r-i-value","version":1,"id":1,"type":"WORDS","schema":"x"}],` +
			`"putAssociations":[{"subject":":.n:r-i-value","guid":"GUID","resourceName":"r-i","resourceNamespace":"n","resourceId":"i","resourceType":"topic","type":"value","lifecycle":"STRONG","frozen":true}]}`,
		head2 + `"remove":[{"subject":":.n:r-i-value","version":1}],"removeAssociations":[{"resourceType":"topic","resourceId":"i","type":"value"}]}`,
	}
	var got []string
	if err := s.store.Read(context.Background(), 0, func(e registry.Entry) error {
		got = append(got, guids.ReplaceAllString(string(e.Data), `"guid":"GUID"`))
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
		"no JSON":                       `{`,
		"a later format":                `{"format":4,"time":1}`,
		"no format":                     `{"time":1}`,
		"a member of a kind":            `{"format":1,"put":{}}`,
		"a first part alone":            `{"format":3,"snapshot":true,"part":1,"more":true}`,
		"a second part alone":           `{"format":3,"snapshot":true,"part":2}`,
		"a part of what is no snapshot": `{"format":3,"part":1}`,
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
		`{"format":2,"time":1,"putKeks":[{"name":"k","kmsType":"t","kmsKeyId":"i"},{"name":""}],"putDeks":[{"kek":"k","subject":"s","version":2,"algorithm":"AES256_GCM","wrapped":"bQ=="},{"kek":"","version":-1}],"removeDeks":[{"kek":"k","subject":"s","version":1,"algorithm":"AES256_GCM"}],"removeKeks":["x"]}`,
		`{"format":2,"snapshot":true,"putAssociations":[{"subject":"s","resourceName":"r","resourceId":"i","resourceType":"topic","type":"value","lifecycle":"WEAK"},{"subject":"t","resourceId":"i","resourceType":"topic","type":"value"},{}],"removeAssociations":[{"resourceType":"topic","resourceId":"i","type":"value"}]}`,
		`{"format":3,"snapshot":true,"part":1,"put":[{"subject":"a","version":1,"id":1,"type":"WORDS","schema":"x"}]}`,
		`{"format":1,"putKeks":[{"name":"k"}],"putAssociations":[{"subject":"s"}]}`,
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

// A program that knows format 1 ignores what format 2 adds; so every reader of a change of format 1 must, or they would differ.
func TestFormat1HasNoKeys(t *testing.T) {
	store := storetest.NewMemory()
	for i, data := range []string{
		`{"format":1,"time":1,"putKeks":[{"name":"early","kmsType":"t","kmsKeyId":"i"}]}`,
		`{"format":2,"time":1,"putKeks":[{"name":"right","kmsType":"t","kmsKeyId":"i"}]}`,
	} {
		if err := store.Append(context.Background(), registry.Seq(i), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	s := newStory(t, registry.Options{Store: store})
	if got := s.play("keks"); got != "keks\n----\n[\"right\"]" {
		t.Errorf("got %s", got)
	}
}

// As long as there are no keys and no associations, also when there were, a snapshot is of format 1.
func TestSnapshotsAreOfTheOldestFormat(t *testing.T) {
	s := newStory(t, registry.Options{})
	snapshot := func() (format string) {
		if err := s.reg.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Read(context.Background(), 0, func(e registry.Entry) error {
			format = string(e.Data[:len(`{"format":1`)])
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return format
	}
	s.play("register a\nx")
	s.play("createkek k")
	if got := snapshot(); got != `{"format":2` {
		t.Errorf("with a key: %s", got)
	}
	s.play("deletekek k")
	s.play("deletekek k permanent")
	if got := snapshot(); got != `{"format":1` {
		t.Errorf("without keys: %s", got)
	}
}
