package formattest

import (
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

// checkConcurrent uses one schema from many goroutines at once. It is meant for the race detector; what is built lazily is
// built here under contention, because every schema is fresh.
func checkConcurrent(t *testing.T, c Config) {
	for _, s := range c.Samples {
		t.Run(s.Name, func(t *testing.T) {
			shared := mustParse(t, c.Format, s)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() { useSchema(t, shared, s) })
			}
			wg.Wait()
		})
	}
}

func useSchema(t *testing.T, shared schema.Schema, s Sample) {
	shared.Canonical()
	shared.Normalize().Canonical()
	if d := shared.Differences(shared, schema.Question{}); len(d) > 0 {
		t.Errorf("differs from itself: %+v", d)
	}
	for _, v := range s.Values {
		m, err := shared.Message(v.Message)
		if err != nil {
			t.Errorf("Message(%q): %v", v.Message, err)
			return
		}
		useMessage(t, m, v)
	}
}

func useMessage(t *testing.T, m schema.Message, v Value) {
	payload, err := m.Append(nil, v.Go)
	if err != nil {
		t.Errorf("Append: %v", err)
		return
	}
	var out any
	if err := m.Decode(payload, &out); err != nil {
		t.Errorf("Decode: %v", err)
	}
	if err := m.Check(payload); err != nil {
		t.Errorf("Check: %v", err)
	}
	text, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Errorf("AppendJSON: %v", err)
		return
	}
	if _, err := m.ParseJSON(nil, text); err != nil {
		t.Errorf("ParseJSON: %v", err)
	}
}
