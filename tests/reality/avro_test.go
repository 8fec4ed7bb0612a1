package reality

import (
	"maps"
	"path"
	"slices"
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func TestAvro(t *testing.T) {
	var all []exam
	files := datahub.texts(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) == ".avsc" {
			all = append(all, exam{format: avro.Format, path: name, text: files[name]})
		}
	}
	parsed := sitAll(t, all, nil)
	t.Logf("acryl-datahub: %d schemas", len(all))
	if len(all) < 200 {
		t.Errorf("%d schemas are too few to prove anything", len(all))
	}
	neighbours(t, parsed)
}

// sitAll runs the exams and returns the schemas that parsed, in order. refused lists the paths that must be refused, with the
// reason; a path in it that is taken, or another that is refused, fails the test.
func sitAll(t *testing.T, all []exam, refused map[string]string) []schema.Schema {
	t.Helper()
	parsed := make([]schema.Schema, len(all))
	each(all, func(i int, e exam) {
		s, err := e.sit(t)
		reason, expected := refused[e.path]
		switch {
		case err != nil && !expected:
			t.Errorf("%s: refused: %v", e.path, err)
		case err == nil && expected:
			t.Errorf("%s: taken, though it is listed as refused (%s): shorten the list", e.path, reason)
		case err != nil:
			t.Logf("%s: refused, as it should be: %s (%v)", e.path, reason, err)
		}
		parsed[i] = s
	})
	return slices.DeleteFunc(parsed, func(s schema.Schema) bool { return s == nil })
}

// neighbours compares each schema with the next one both ways: unrelated schemas must get an answer as well, and the same
// one twice.
func neighbours(t *testing.T, all []schema.Schema) {
	t.Helper()
	compatible := 0
	for i := range len(all) - 1 {
		for _, pair := range [][2]schema.Schema{{all[i], all[i+1]}, {all[i+1], all[i]}} {
			found := pair[0].Differences(pair[1], schema.Question{})
			if again := pair[0].Differences(pair[1], schema.Question{}); !slices.Equal(found, again) {
				t.Errorf("two answers to one question: %v and %v", found, again)
			}
			if len(found) == 0 {
				compatible++
			}
		}
	}
	t.Logf("%d pairs of neighbours, %d of them compatible", 2*(len(all)-1), compatible)
}
