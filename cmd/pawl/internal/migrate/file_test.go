package migrate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/migrate"
)

// file makes a file of lines between a good head and a good end.
func file(lines ...string) string {
	text := strings.Join(append([]string{head}, lines...), "\n") + "\n"
	sum := sha256.Sum256([]byte(text))
	return text + fmt.Sprintf(`{"end":{"lines":%d,"sha256":"%s"}}`, len(lines)+1, hex.EncodeToString(sum[:])) + "\n"
}

const (
	head      = `{"export":{"format":1,"prefix":":*:","config":true,"mode":true}}`
	oneSchema = `{"schema":{"subject":"s","version":1,"id":1,"schemaType":"AVRO","schema":"\"int\""}}`
)

func TestDamagedFilesAreRefusedWithTheLine(t *testing.T) {
	good := file(oneSchema)
	again := strings.ReplaceAll(oneSchema, `"id":1`, `"id":2`)
	tests := []struct{ name, text, want string }{
		{"empty", "", "line 1: the file ends too early"},
		{"not an export", "{\"a\":1}\n", "line 1: "},
		{"no JSON", "hello\n", "line 1: "},
		{"cut between lines", good[:strings.Index(good, `{"end"`)], "line 3: the file ends too early"},
		{"cut within a line", good[:len(head)+20], "line 2: the file ends too early"},
		{"cut before the last newline", good[:len(good)-1], "ends too early"},
		{"a byte changed", strings.Replace(good, "int", "inn", 1), "line 3: the file was changed"},
		{"a line dropped", strings.Replace(good, oneSchema+"\n", "", 1), "line 2: the file was changed"},
		{"something after the end", good + "\n", "line 3: there is something after the end"},
		{"another format", strings.Replace(file(), `"format":1`, `"format":2`, 1), "this is format 2"},
		{"an unknown kind of line", file(`{"key":{}}`), "line 2: json: unknown field"},
		{"an unknown field", file(strings.Replace(oneSchema, `"id"`, `"x":0,"id"`, 1)), "line 2: json: unknown field"},
		{"an empty line", file(`{}`), "line 2: the line says nothing"},
		{"two values on a line", file(oneSchema + oneSchema), "line 2: there is more than one value"},
		{"a second head", file(head), "line 2: an export begins"},
		{"the same version twice", file(oneSchema, again), "line 3: s version 1 is there twice"},
		{"the same version under two spellings", file(oneSchema, strings.Replace(again, `"s"`, `":.:s"`, 1)), "line 3: s version 1 is there twice"},
		{"a version of zero", file(strings.Replace(oneSchema, `"version":1`, `"version":0`, 1)), "line 2: a schema needs"},
		{"an id beyond 32 bits", file(strings.Replace(oneSchema, `"id":1`, `"id":99999999999`, 1)), "line 2: a schema needs"},
	}
	if _, err := migrate.Rewrite(good); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := migrate.Rewrite(tt.text)
			if cli.Status(err) != cli.Usage || !strings.Contains(cli.Message(err), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// References that lead in a circle cannot come from a registry, but can stand in a file.
func TestACircleOfReferencesIsNamed(t *testing.T) {
	var lines []string
	for i := range 3 {
		lines = append(lines, fmt.Sprintf(`{"schema":{"subject":"s%d","version":1,"id":%d,"schemaType":"AVRO","references":[{"name":"a","subject":"s%d","version":1}],"schema":"\"int\""}}`, i, i+1, (i+1)%3))
	}
	to := newSide(t)
	status, out, talk := pawl(t, t.Context(), strings.NewReader(file(lines...)), "import", "-", "--registry", to.url)
	if status != 1 || to.writes.Load() != 0 {
		t.Errorf("exit status %d, %d writes\n%s%s", status, to.writes.Load(), out, talk)
	}
	wantText(t, out, "s0 version 1: references: lead back to it")
}

// A chain of references longer than any stack that we want: every level is found without recursion.
func TestALongChainOfReferences(t *testing.T) {
	lines := []string{oneSchema}
	for i := 2; i <= 5_000; i++ {
		lines = append(lines, fmt.Sprintf(`{"schema":{"subject":"s","version":%d,"id":%d,"schemaType":"AVRO","references":[{"name":"a","subject":"s","version":%d}],"schema":"\"int\""}}`, i, i, i-1))
	}
	text := file(lines...)
	if out, err := migrate.Rewrite(text); err != nil || out != text {
		t.Errorf("the file changes on the way (%v)", err)
	}
}

// Schemas that together are more than the client takes in one answer come in smaller pages.
func TestLargeSchemasAreReadInSmallerPages(t *testing.T) {
	const n, most = 40, 20_000
	from := newSide(t)
	pages := 0
	from.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/schemas" {
			pages++
		}
		return false
	})
	for i := range n {
		from.register("big-"+strconv.Itoa(i), fmt.Sprintf(`{"type":"record","name":"B%d","doc":"%s","fields":[]}`, i, strings.Repeat("d", most/4)))
	}
	c, err := client.New(client.Options{URLs: []string{from.url}, MaxResponseBytes: most, HTTPClient: &http.Client{}, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	text, err := migrate.Read(t.Context(), c)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err != nil || strings.Count(text, `{"schema":{`) != n || pages < n/3 {
		t.Errorf("%d schemas in %d pages (%v)", strings.Count(text, `{"schema":{`), pages, err)
	}
}

func FuzzFile(f *testing.F) {
	for _, lines := range [][]string{
		{}, {oneSchema},
		{`{"context":{"name":".c","maxId":3}}`, `{"config":{"name":":.c:","compatibilityLevel":"FULL"}}`, `{"mode":{"name":"s","mode":"READONLY"}}`, oneSchema},
		{`{"schema":{"subject":":.c:s","version":2,"id":7,"guid":"095d71cf-1255-6b9d-5e33-0ad575b3df5d","schemaType":"JSON","metadata":{"tags":{"a":["b"]}},"ruleSet":{"domainRules":[{"name":"r","type":"CEL","disabled":true}]},"references":[{"name":"n","subject":"x","version":1}],"schema":"{}","deleted":true}}`},
	} {
		f.Add(strings.Join(lines, "\n"))
	}
	f.Fuzz(func(t *testing.T, middle string) {
		var lines []string
		if middle != "" {
			lines = strings.Split(middle, "\n")
		}
		once, err := migrate.Rewrite(file(lines...))
		if err != nil {
			if cli.Status(err) != cli.Usage {
				t.Fatalf("a bad file is not the caller's mistake: %v", err)
			}
			return
		}
		twice, err := migrate.Rewrite(once)
		if err != nil || once != twice {
			t.Fatalf("what was written is read otherwise (%v):\n%s\n%s", err, once, twice)
		}
		for l := range strings.Lines(once) {
			if !json.Valid([]byte(l)) {
				t.Fatalf("no JSON: %s", l)
			}
		}
	})
}
