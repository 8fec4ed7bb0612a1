package formattest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/schema"
)

// patience bounds one Parse of a hostile text. It is a guard against hanging, far beyond what any text may cost.
const patience = 30 * time.Second

// checkHostile gives texts made to hurt: they are refused, soon and without a panic.
func checkHostile(t *testing.T, c Config) {
	for name, text := range hostileTexts() {
		t.Run(name, func(t *testing.T) { wantInvalid(t, parseSoon(t, c.Format, text, schema.AsStored)) })
	}
	for _, s := range c.Samples {
		if len(s.Deps) == 0 {
			t.Run("bent/"+s.Name, func(t *testing.T) { checkBent(t, c.Format, s.Text) })
		}
	}
}

func hostileTexts() map[string]string {
	const deep = 100_000
	wrap := func(open, inside, shut string) string {
		return strings.Repeat(open, deep) + inside + strings.Repeat(shut, deep)
	}
	return map[string]string{
		"open brackets":    strings.Repeat("[", deep),
		"open braces":      strings.Repeat(`{"type":`, deep),
		"closed brackets":  wrap("[", "", "]"),
		"closed types":     wrap(`{"type":"array","items":`, `"int"`, `}`) + "#",
		"open messages":    strings.Repeat("message A {", deep),
		"open parentheses": strings.Repeat("(", deep),
		"open comments":    strings.Repeat("/*", deep),
		"open string":      `"` + strings.Repeat("a", 1<<20),
		"long word":        strings.Repeat("a", 1<<20),
		"long number":      strings.Repeat("9", 1<<20) + "x",
		"broken UTF-8":     "\"\xff\xfe\"",
		"NUL":              "\x00",
		"NUL in a name":    "{\"type\":\"rec\x00ord\"}",
		"lone surrogate":   `"\ud800`,
	}
}

// checkBent cuts a valid text and changes single bytes of it. The outcome may be a schema; it is never a panic.
func checkBent(t *testing.T, f schema.Format, text string) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		bent := []byte(text)
		bent[r.IntN(len(bent))] = byte(r.Uint32())
		for _, s := range []string{string(bent), text[:r.IntN(len(text))]} {
			if err := parseSoon(t, f, s, schema.AsNew); err != nil {
				wantInvalid(t, err)
			}
		}
	}
}

func parseSoon(t *testing.T, f schema.Format, text string, r schema.Rigor) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := f.Parse(schema.Source{Text: text, Rigor: r}, nil)
		done <- err
	}()
	guard := time.NewTimer(patience)
	defer guard.Stop()
	select {
	case err := <-done:
		return err
	case <-guard.C:
		t.Fatalf("Parse of %d bytes did not end within %s", len(text), patience)
		return nil
	}
}
