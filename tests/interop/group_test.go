package interop

import (
	"context"
	"testing"
)

// member is what a driver in a group has and has read.
type member struct {
	*driver
	assigned []int32
}

// poll adds what has arrived to seen: place -> how often it was read.
func (m *member) poll(t *testing.T, seen map[string]int) {
	t.Helper()
	var got struct {
		Records  []record `json:"records"`
		Assigned []int32  `json:"assigned"`
	}
	m.do(t, "poll", nil, &got)
	m.assigned = got.Assigned
	for _, r := range got.Records {
		seen[r.place()]++
	}
}

// Two processes share a topic as a group. One is killed: when its session is over, the other has its partitions and reads on from
// what the dead one committed. Nothing is read twice or left out.
func TestForeignGroupsOutliveAKilledMember(t *testing.T) {
	for _, f := range foreigns {
		for _, protocol := range f.protocols {
			t.Run(f.name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				killOneOfTwo(t, f, protocol)
			})
		}
	}
}

func killOneOfTwo(t *testing.T, f foreign, protocol string) {
	ctx, name := patient(t), topic(t, 4, nil)
	group, seen := "group-of-"+name, map[string]int{}
	first, second := &member{driver: f.start(ctx, t, &server)}, &member{driver: f.start(ctx, t, &server)}
	for _, m := range []*member{first, second} {
		m.do(t, "join", args{"group": group, "topic": name, "protocol": protocol}, nil)
	}
	until(ctx, t, "each has two partitions", func() bool {
		first.poll(t, seen)
		second.poll(t, seen)
		return len(first.assigned) == 2 && len(second.assigned) == 2
	})
	fill(ctx, t, name, 40)
	until(ctx, t, "40 records are read", func() bool {
		first.poll(t, seen)
		second.poll(t, seen)
		return len(seen) == 40
	})
	first.do(t, "commit", nil, nil)
	second.do(t, "commit", nil, nil)
	second.kill()
	until(ctx, t, "the survivor has all partitions", func() bool {
		first.poll(t, seen)
		return len(first.assigned) == 4
	})
	fill(ctx, t, name, 40)
	until(ctx, t, "the survivor has read the rest", func() bool {
		first.poll(t, seen)
		return len(seen) == 80
	})
	first.do(t, "commit", nil, nil)
	first.do(t, "leave", nil, nil)
	once(t, seen, 80)
	for p := range int32(4) {
		var at int64
		first.do(t, "offset", args{"group": group, "topic": name, "partition": p}, &at)
		if at != 20 {
			t.Errorf("partition %d is committed at %d, want 20", p, at)
		}
	}
}

func once(t *testing.T, seen map[string]int, n int) {
	t.Helper()
	if len(seen) != n {
		t.Errorf("%d of %d records were read", len(seen), n)
	}
	for place, times := range seen {
		if times != 1 {
			t.Errorf("%s was read %d times", place, times)
		}
	}
}

// until repeats a step, which waits by itself, until it is true.
func until(ctx context.Context, t *testing.T, what string, step func() bool) {
	t.Helper()
	for !step() {
		if ctx.Err() != nil {
			t.Fatalf("it never came to pass that %s", what)
		}
	}
}
