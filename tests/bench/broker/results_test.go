package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func speeds(all ...float64) (m []measurement) {
	for _, v := range all {
		m = append(m, measurement{megabytes: v})
	}
	return m
}

func megabytes(m measurement) float64 { return m.megabytes }

func TestRatiosAreOfTheSameRound(t *testing.T) {
	if got, want := ratio(speeds(100, 10, 30), speeds(50, 20, 30), megabytes), "1.00 (0.50 to 2.00)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := ratio(nil, speeds(1), megabytes); got != "-" {
		t.Errorf("%s without rounds", got)
	}
}

func TestTheMiddleIsTheMedian(t *testing.T) {
	for _, tt := range []struct {
		all  []measurement
		want float64
	}{{speeds(3, 1, 2), 2}, {speeds(4, 1, 2, 3), 2}, {speeds(7), 7}, {nil, 0}} {
		if got := middle(tt.all, megabytes).megabytes; got != tt.want {
			t.Errorf("of %d: %v, want %v", len(tt.all), got, tt.want)
		}
	}
}

func TestPercentilesOfLatencies(t *testing.T) {
	var l latencies
	l.make(100)
	for i := range 100 {
		l.note(99-i, time.Duration(i+1))
	}
	if l.at(0.5) != 51 || l.at(0.99) != 100 || l.at(0) != 1 {
		t.Errorf("p0 %d, p50 %d, p99 %d", l.at(0), l.at(0.5), l.at(0.99))
	}
}

func TestEveryWorkloadIsOfOneTable(t *testing.T) {
	r := newResults()
	servers := []*server{{name: "pawl fsync"}, {name: "pawl os"}}
	all := workloads(options{megabytes: 1, paced: time.Second})
	for _, w := range all {
		for _, s := range w.among([]*server{{name: "pawl fsync", registry: "r", durable: true}, {name: "pawl os", registry: "r"}}) {
			var l latencies
			l.make(1)
			r.add(w.name, s.name, measurement{megabytes: 1, cpu: 1, acked: l, read: l})
		}
	}
	var b strings.Builder
	r.write(&b, servers)
	for _, w := range all {
		name := strings.TrimPrefix(w.name, "validate, ")
		if !strings.Contains(b.String(), "| "+name+" |") {
			t.Errorf("no table has %q:\n%s", w.name, b.String())
		}
	}
}

func TestAPageKeepsWhatIsAroundTheTables(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+pageBegin+"old\n"+pageEnd+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := publish(page, "new\n"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if want := "before\n" + pageBegin + "new\n\n" + pageEnd + "\nafter\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if err := os.WriteFile(page, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if publish(page, "new") == nil {
		t.Error("a page without marks was written")
	}
}

func TestPatterns(t *testing.T) {
	var all, some pattern
	if err := some.Set("^pawl|kfake"); err != nil {
		t.Fatal(err)
	}
	if !all.match("x") || !some.match("pawl os") || !some.match("kfake") || some.match("kafka os") {
		t.Error("a pattern selects the wrong names")
	}
	if some.Set("(") == nil {
		t.Error("a bad pattern is taken")
	}
}
