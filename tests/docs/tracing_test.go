package docs

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/internal/tracing"
	"github.com/pawl-registry/pawl/registry"
)

// TestTheVariablesOfTracesAreListed holds docs/tracing.md against what is read of an environment, names and defaults.
func TestTheVariablesOfTracesAreListed(t *testing.T) {
	text, err := os.ReadFile("../../docs/tracing.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // variable to default
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], "`OTEL_") {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			rows[strings.Trim(name, " `")] = strings.Trim(cells[2], " `")
		}
	}
	// An exporter, so that the sampler's share is asked for too.
	e, err := tracing.FromEnvironment([]string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER=traceidratio"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Settings {
		name := s.Name
		if name != "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" {
			name = strings.Replace(name, "_OTLP_TRACES_", "_OTLP_", 1)
		}
		want, listed := rows[name]
		switch {
		case !listed:
			t.Errorf("%s is not listed", name)
		case s.Origin == "default" && want != s.Value && name != "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":
			t.Errorf("%s: the page says the default is %q, and it is %q", name, want, s.Value)
		}
		delete(rows, name)
	}
	for name := range rows {
		if e, err := tracing.FromEnvironment([]string{"OTEL_TRACES_EXPORTER=otlp", name + "=1"}); err == nil &&
			slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "only traces are sent") }) {
			t.Errorf("%s is listed, and nobody reads it", name)
		}
	}
	for _, step := range []string{registry.StepParse, registry.StepCheck, registry.StepAppend, registry.StepCatchUp} {
		if !strings.Contains(string(text), "| `"+step+"` |") {
			t.Errorf("the step %s is not listed", step)
		}
	}
}
