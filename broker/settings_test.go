package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
)

func TestSettingsSurviveARestart(t *testing.T) {
	logs := logtest.NewMemory()
	ctx := context.Background()
	b := open(t, broker.Options{Logs: logs})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.Set(ctx, broker.Setting{Kind: "a", Key: "one", Value: json.RawMessage(`1`)}, broker.Setting{Kind: "a", Key: "two", Value: json.RawMessage(`2`)}))
	must(b.Set(ctx, broker.Setting{Kind: "b", Key: "one", Value: json.RawMessage(`{"x":3}`)}))
	must(b.Set(ctx, broker.Setting{Kind: "a", Key: "one", Value: json.RawMessage(`4`)}, broker.Setting{Kind: "a", Key: "two"}, broker.Setting{Kind: "a", Key: "none"}))
	for i := range 600 { // so that most of the log is stale, and the next start writes it anew
		must(b.Set(ctx, broker.Setting{Kind: "c", Key: "k", Value: json.RawMessage(fmt.Sprint(i))}, broker.Setting{Kind: "c", Key: "k"}))
	}
	for start := range 3 {
		logs = logs.Reopen()
		b = open(t, broker.Options{Logs: logs})
		want := map[string]map[string]json.RawMessage{"a": {"one": json.RawMessage(`4`)}, "b": {"one": json.RawMessage(`{"x":3}`)}, "c": {}}
		for kind, w := range want {
			if diff := cmp.Diff(w, b.Settings(kind)); diff != "" {
				t.Errorf("start %d, kind %s (-want +got):\n%s", start, kind, diff)
			}
		}
	}
}

func TestSettingsNeedAKind(t *testing.T) {
	b := open(t, broker.Options{})
	if err := b.Set(t.Context(), broker.Setting{Kind: "a", Key: "k", Value: json.RawMessage(`1`)}, broker.Setting{Key: "k"}); err == nil {
		t.Error("a setting without a kind is taken")
	}
	if got := b.Settings("a"); len(got) != 0 {
		t.Errorf("a change that was refused left %v", got)
	}
}
