package interop

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What an operator does with a client: topics, partitions, configurations, bounds, groups and their offsets.
func TestForeignClientsAdminister(t *testing.T) {
	each(t, func(t *testing.T, f foreign) {
		ctx := patient(t)
		d, name := f.start(ctx, t, &server), "administered-by-"+f.name
		d.do(t, "create_topic", args{"topic": name, "partitions": 2, "configs": args{"retention.ms": "123456"}}, nil)
		d.refused(t, "create_topic", args{"topic": name, "partitions": 2, "configs": args{}}, "exist", "Exist", "EXIST")
		d.do(t, "add_partitions", args{"topic": name, "count": 3}, nil)
		if n := partitionsOf(t, d)[name]; n != 3 {
			t.Errorf("the topic has %d partitions, want 3", n)
		}
		if got := configOf(t, d, name)["retention.ms"]; got != "123456" {
			t.Errorf("retention.ms is %q", got)
		}
		d.do(t, "set_config", args{"topic": name, "name": "max.message.bytes", "value": "54321"}, nil)
		if got := configOf(t, d, name)["max.message.bytes"]; got != "54321" {
			t.Errorf("max.message.bytes is %q", got)
		}
		d.refused(t, "set_config", args{"topic": name, "name": "max.message.bytes", "value": "many"}, "nvalid", "INVALID")

		d.do(t, "produce", args{"topic": name, "records": values(2, "a", "b", "c")}, nil)
		d.do(t, "delete_records", args{"topic": name, "partition": 2, "before": 1}, nil)
		var bounds []int64
		d.do(t, "bounds", args{"topic": name, "partition": 2}, &bounds)
		if diff := cmp.Diff([]int64{1, 3}, bounds); diff != "" {
			t.Errorf("bounds of the partition, want (-) and got (+):\n%s", diff)
		}
		administerGroup(t, d, name)

		d.do(t, "delete_topic", args{"topic": name}, nil)
		if _, there := partitionsOf(t, d)[name]; there {
			t.Error("the topic is still listed")
		}
	})
}

func administerGroup(t *testing.T, d *driver, topic string) {
	t.Helper()
	group := "group-" + topic
	d.do(t, "set_offset", args{"group": group, "topic": topic, "partition": 2, "offset": 2}, nil)
	var at int64
	if d.do(t, "offset", args{"group": group, "topic": topic, "partition": 2}, &at); at != 2 {
		t.Errorf("the group is at %d, want 2", at)
	}
	if !slices.Contains(groupsOf(t, d), group) {
		t.Error("the group is not listed")
	}
	var told struct {
		State   string `json:"state"`
		Members int    `json:"members"`
	}
	if d.do(t, "describe_group", args{"group": group}, &told); told.State != "Empty" || told.Members != 0 {
		t.Errorf("the group is described as %+v", told)
	}
	d.do(t, "delete_group", args{"group": group}, nil)
	if slices.Contains(groupsOf(t, d), group) {
		t.Error("the group is still listed")
	}
}

func partitionsOf(t *testing.T, d *driver) map[string]int {
	t.Helper()
	var all map[string]int
	d.do(t, "topics", nil, &all)
	return all
}

func configOf(t *testing.T, d *driver, topic string) map[string]string {
	t.Helper()
	var all map[string]string
	d.do(t, "config", args{"topic": topic}, &all)
	return all
}

func groupsOf(t *testing.T, d *driver) []string {
	t.Helper()
	var all []string
	d.do(t, "groups", nil, &all)
	return all
}
