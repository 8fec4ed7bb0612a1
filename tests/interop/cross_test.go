package interop

import (
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var parties = map[string]party{"confluent": confluent{}, "franz": franz{}, "pawl": pawl{}}

// Each party writes each format to a topic that validates schema IDs; each party reads it with a group of its own.
func TestEachPartyReadsWhatTheOthersWrote(t *testing.T) {
	for _, f := range []format{avroFormat, protobufFormat, jsonFormat} {
		for writer, w := range parties {
			t.Run(string(f)+"/"+writer, func(t *testing.T) {
				name := topic(t, 3, map[string]string{"confluent.value.schema.validation": "true"})
				ctx := testContext(t)
				want := orders()
				w.write(ctx, t, f, name, want)
				for reader, r := range parties {
					got := r.read(ctx, t, f, name, "g-"+reader+"-"+name, len(want))
					byID(got)
					byID(want)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s wrote, %s read (-want +got):\n%s", writer, reader, diff)
					}
				}
			})
		}
	}
}

func byID(all []order) { sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID }) }
