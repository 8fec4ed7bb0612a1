package interop

import (
	"context"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parties are the stacks with serdes. Those of other languages have a driver each, which ends with the test.
func parties(ctx context.Context, t *testing.T, on *place) map[string]party {
	t.Helper()
	all := map[string]party{"confluent": confluent{on}, "franz": franz{on}, "pawl": pawl{on}}
	for _, f := range foreigns {
		if f.serdes {
			all[f.name] = driven{f.start(ctx, t, on)}
		}
	}
	return all
}

// Each party writes each format to a topic that validates schema IDs; each party reads it with a group of its own.
func TestEachPartyReadsWhatTheOthersWrote(t *testing.T) {
	t.Parallel()
	all := parties(patient(t), t, &server)
	for _, f := range []format{avroFormat, protobufFormat, jsonFormat} {
		for writer := range all {
			t.Run(string(f)+"/"+writer, func(t *testing.T) { cross(t, &server, f, writer, all) })
		}
	}
}

// cross lets one party write and all read.
func cross(t *testing.T, on *place, f format, writer string, all map[string]party) {
	name := on.topic(t, 3, map[string]string{"confluent.value.schema.validation": "true"})
	ctx := testContext(t)
	want := orders()
	all[writer].write(ctx, t, f, name, want)
	byID(want)
	for reader, r := range all {
		got := r.read(ctx, t, f, name, "g-"+reader+"-"+name, len(want))
		byID(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s wrote, %s read (-want +got):\n%s", writer, reader, diff)
		}
	}
}

func byID(all []order) { sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID }) }
