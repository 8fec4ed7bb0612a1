package quota_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/internal/quota"
)

func TestPrecedence(t *testing.T) {
	entries := []quota.Entity{ // in the order of precedence
		{User: "u", Client: "c"}, {User: "u", Client: quota.Default}, {User: "u"},
		{User: quota.Default, Client: "c"}, {User: quota.Default, Client: quota.Default}, {User: quota.Default},
		{Client: "c"}, {Client: quota.Default},
	}
	shared := []quota.Entity{{User: "u", Client: "c"}, {User: "u", Client: "c"}, {User: "u"},
		{User: "u", Client: "c"}, {User: "u", Client: "c"}, {User: "u"}, {Client: "c"}, {Client: "c"}}
	table := make(quota.Table)
	for i, e := range entries {
		table[e] = map[quota.Kind]float64{quota.Produce: float64(i)}
	}
	for i, e := range entries {
		rate, who, ok := table.Find(quota.Client{User: "u", ID: "c"}, quota.Produce)
		if !ok || rate != float64(i) || who != shared[i] {
			t.Errorf("entry %d: got %v for %v", i, rate, who)
		}
		if _, _, ok := table.Find(quota.Client{User: "u", ID: "c"}, quota.Fetch); ok {
			t.Error("a quota of another kind is found")
		}
		delete(table, e)
	}
	if _, _, ok := table.Find(quota.Client{User: "u", ID: "c"}, quota.Produce); ok {
		t.Error("an empty table has a quota")
	}
}

func TestWaits(t *testing.T) {
	var m quota.Meters
	e, now := quota.Entity{User: "u"}, time.Unix(1_700_000_000, 0)
	steps := []struct {
		after time.Duration
		bytes int
		want  time.Duration
	}{
		{0, 1000, 0},                           // a second's worth at once
		{0, 500, 500 * time.Millisecond},       // half a second too much
		{500 * time.Millisecond, 0, 0},         // waited for
		{0, 1000, time.Second},                 //
		{2 * time.Second, 1000, 0},             //
		{time.Hour, 1000, 0},                   // idle time is not saved up
		{0, 1, time.Millisecond},               //
		{time.Hour, 1 << 30, 30 * time.Second}, // no wait is longer
		{31 * time.Second, 1000, 0},            // and then it is over
	}
	for i, s := range steps {
		now = now.Add(s.after)
		if got := m.Charge(e, quota.Produce, 1000, s.bytes, now); got != s.want {
			t.Errorf("step %d: wait %v, want %v", i, got, s.want)
		}
	}
	if got := m.Charge(e, quota.Fetch, 1000, 1000, now); got != 0 {
		t.Errorf("kinds are counted together: wait %v", got)
	}
	if got := m.Charge(quota.Entity{User: "v"}, quota.Produce, 1000, 1000, now); got != 0 {
		t.Errorf("users are counted together: wait %v", got)
	}
	if got := m.Charge(quota.Entity{User: "w"}, quota.Produce, 0, 1, now); got != 30*time.Second {
		t.Errorf("a rate of nothing: wait %v", got)
	}
}

func TestMetersAreBounded(t *testing.T) {
	var m quota.Meters
	now := time.Unix(1_700_000_000, 0)
	for i := range 50_000 {
		now = now.Add(time.Millisecond)
		m.Charge(quota.Entity{Client: fmt.Sprint(i)}, quota.Produce, 1000, 2000, now)
	}
	if n := m.Len(); n > 10_000 {
		t.Errorf("%d clients are counted", n)
	}
}
