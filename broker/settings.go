package broker

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/fault"
)

// Setting is a named value that an edge keeps with the broker: a credential, a rule of access, a quota. The broker keeps it
// durable and knows nothing of what it means.
type Setting struct {
	Kind  string          `json:"kind"`
	Key   string          `json:"key"`             // unique among settings of its kind
	Value json.RawMessage `json:"value,omitempty"` // none: there is no such setting
}

// settingKey names a setting.
type settingKey struct{ kind, key string }

// Settings returns the settings of a kind by key. The caller must not change the values.
func (b *Broker) Settings(kind string) map[string]json.RawMessage {
	b.admin.Lock()
	defer b.admin.Unlock()
	found := make(map[string]json.RawMessage)
	for k, v := range b.state.Settings {
		if k.kind == kind {
			found[k.key] = v
		}
	}
	return found
}

// Set makes settings durable, all or none. One without a value is removed; removing one that is not there changes nothing.
func (b *Broker) Set(ctx context.Context, all ...Setting) error {
	changes := make([]change, len(all))
	for i, s := range all {
		if s.Kind == "" {
			return fault.New(ErrInvalidRequest, "broker.Set", "setting %q has no kind", s.Key)
		}
		changes[i] = change{Setting: &s}
	}
	if len(changes) == 0 {
		return nil
	}
	b.admin.Lock()
	defer b.admin.Unlock()
	return b.commit(ctx, changes...)
}

func (s *state) set(c *Setting) {
	k := settingKey{c.Kind, c.Key}
	if _, ok := s.Settings[k]; ok {
		s.stale++
	}
	if len(c.Value) == 0 {
		delete(s.Settings, k)
		s.stale++
		return
	}
	if s.Settings == nil {
		s.Settings = make(map[settingKey]json.RawMessage)
	}
	s.Settings[k] = c.Value
}

// settings returns the changes that make the settings from nothing, in order.
func (s *state) settings() []change {
	keys := slices.SortedFunc(maps.Keys(s.Settings), func(a, b settingKey) int {
		return slices.Compare([]string{a.kind, a.key}, []string{b.kind, b.key})
	})
	var all []change
	for _, k := range keys {
		all = append(all, change{Setting: &Setting{Kind: k.kind, Key: k.key, Value: s.Settings[k]}})
	}
	return all
}
