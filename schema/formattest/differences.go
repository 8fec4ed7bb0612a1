package formattest

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
)

var update = flag.Bool("update-differences", false, "rewrite the want files of the rule folders")

// Differences runs the cases below dir, which holds a folder for each rule of the format. A case is a folder at any depth
// with the files
//
//	reader, writer   the two schemas, judged as stored
//	want             one line "RULE path" for each difference, in order
//	policy           optional: STRICT or LENIENT
//
// A want file must name the rule of its folder at least once, unless it is empty: then the folder shows a neighbouring pair
// that the rule leaves alone. Every rule needs one case that finds it. With -update-differences the want files are rewritten.
func Differences(t *testing.T, f schema.Format, dir string) {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range caseFolders(t, dir) {
		rel, err := filepath.Rel(dir, folder)
		if err != nil {
			t.Fatal(err)
		}
		rule, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		t.Run(filepath.ToSlash(rel), func(t *testing.T) {
			if runFolder(t, f, rule, folder) {
				found[rule] = true
			}
		})
	}
	for _, r := range f.Rules() {
		if !found[r.ID] {
			t.Errorf("rule %s has no case below %s", r.ID, dir)
		}
	}
}

func caseFolders(t *testing.T, dir string) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "reader" {
			folders = append(folders, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// runFolder reports whether the rule of the folder was found.
func runFolder(t *testing.T, f schema.Format, rule, folder string) bool {
	if !ruleIDs(f)[rule] {
		t.Errorf("folder %s is named after no rule", folder)
	}
	reader := mustParseText(t, f, readFile(t, folder, "reader"), nil, schema.AsStored)
	writer := mustParseText(t, f, readFile(t, folder, "writer"), nil, schema.AsStored)
	q := schema.Question{Policy: policyOf(t, folder), Reader: "new", Writer: "old"}
	diffs := reader.Differences(writer, q)
	checkFindings(t, ruleIDs(f), diffs)
	checkPlaces(t, side{reader, readFile(t, folder, "reader")}, side{writer, readFile(t, folder, "writer")}, diffs)
	got := ""
	hit := false
	for _, d := range diffs {
		got += strings.TrimRight(d.Rule+" "+d.Path, " ") + "\n"
		hit = hit || d.Rule == rule
	}
	if *update {
		writeFile(t, folder, "want", got)
	}
	if diff := cmp.Diff(readFile(t, folder, "want"), got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if !hit && got != "" {
		t.Errorf("the case does not find rule %s", rule)
	}
	return hit
}

func policyOf(t *testing.T, folder string) schema.Policy {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "policy"))
	if os.IsNotExist(err) {
		return schema.Strict
	}
	if err != nil {
		t.Fatal(err)
	}
	switch strings.TrimSpace(string(text)) {
	case "STRICT":
		return schema.Strict
	case "LENIENT":
		return schema.Lenient
	}
	t.Fatalf("%s: unknown policy %q", folder, text)
	return schema.Strict
}

func readFile(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
