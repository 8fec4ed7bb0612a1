package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// TestLinksLeadSomewhere follows every relative link of docs to a file, and to a heading where it names one.
func TestLinksLeadSomewhere(t *testing.T) {
	followed := 0
	err := filepath.WalkDir("../../docs", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := path
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(path), m[1])
			}
			followed++
			if why := broken(target, m[2]); why != "" {
				t.Errorf("%s: %s: %s", path, m[0], why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if followed < 80 {
		t.Errorf("only %d links were found: the test looks in the wrong place", followed)
	}
}

func broken(target, anchor string) string {
	text, err := os.ReadFile(target)
	if err != nil {
		return err.Error()
	}
	if anchor == "" {
		return ""
	}
	for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(strings.ToLower(h[1]), " ", "-") == anchor {
			return ""
		}
	}
	return "no heading is called so"
}
