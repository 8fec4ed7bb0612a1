package conformance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// script is one case of a file.
type script struct {
	at       string // file:line
	proves   []string
	title    string
	settings []string
	steps    []step
}

// step is one request and its answer.
type step struct {
	at      string
	headers map[string]string
	invalid bool // breaks the contract on purpose
	method  string
	target  string
	body    string
	status  int
	want    string
}

var (
	caseLine    = regexp.MustCompile(`^case ([\w, ]+): (.+)$`)
	requestLine = regexp.MustCompile(`^(!?)([A-Z]+) (/\S*)(?: (.*))?$`)
	answerLine  = regexp.MustCompile(`^(\d{3})(?: (.*))?$`)
	headerLine  = regexp.MustCompile(`^([A-Z][\w-]*): (.*)$`)
)

// readScripts reads all cases of testdata.
func readScripts(t testing.TB) []script {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []script
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p := parser{file: filepath.Base(name)}
		for i, line := range strings.Split(string(text), "\n") {
			if err := p.line(i+1, line); err != nil {
				t.Fatalf("%s:%d: %v", name, i+1, err)
			}
		}
		all = append(all, p.scripts...)
	}
	return all
}

type parser struct {
	file    string
	scripts []script
	headers map[string]string
	open    *string // what a continuation line continues
}

func (p *parser) line(n int, line string) error {
	switch trimmed := strings.TrimSpace(line); {
	case trimmed == "" || trimmed[0] == '#':
		p.open = nil
		return nil
	case line[0] == ' ' || line[0] == '\t':
		if p.open == nil {
			return fmt.Errorf("nothing to continue")
		}
		*p.open += "\n" + trimmed
		return nil
	}
	at := p.file + ":" + strconv.Itoa(n)
	if m := caseLine.FindStringSubmatch(line); m != nil {
		p.scripts = append(p.scripts, script{at: at, proves: strings.Split(m[1], ", "), title: m[2]})
		return nil
	}
	if len(p.scripts) == 0 {
		return fmt.Errorf("a case starts with a line \"case operation: title\"")
	}
	return p.inCase(at, line, &p.scripts[len(p.scripts)-1])
}

func (p *parser) inCase(at, line string, s *script) error {
	if setting, is := strings.CutPrefix(line, "server "); is {
		s.settings = append(s.settings, setting)
		return nil
	}
	if m := headerLine.FindStringSubmatch(line); m != nil {
		if p.headers == nil {
			p.headers = map[string]string{}
		}
		p.headers[m[1]] = m[2]
		return nil
	}
	if m := requestLine.FindStringSubmatch(line); m != nil {
		s.steps = append(s.steps, step{at: at, headers: p.headers, invalid: m[1] == "!", method: m[2], target: m[3], body: m[4]})
		p.headers, p.open = nil, &s.steps[len(s.steps)-1].body
		return nil
	}
	m := answerLine.FindStringSubmatch(line)
	if m == nil || len(s.steps) == 0 || s.steps[len(s.steps)-1].status != 0 {
		return fmt.Errorf("neither a request, a header nor the answer to a request: %s", line)
	}
	last := &s.steps[len(s.steps)-1]
	last.status, _ = strconv.Atoi(m[1])
	last.want, p.open = m[2], &last.want
	return nil
}
