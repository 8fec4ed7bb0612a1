package interop

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Transactions are committed and aborted, offsets with them; a producer that is killed, or that another takes the place of, adds
// nothing.
func TestForeignClientsTransact(t *testing.T) {
	each(t, func(t *testing.T, f foreign) {
		ctx, name := patient(t), topic(t, 1, nil)
		d, doomed := f.start(ctx, t, &server), f.start(ctx, t, &server)
		group, id := "group-of-"+name, "id-of-"+name
		begin := func(d *driver, value string, offset int64) {
			with := args{"id": id, "topic": name, "records": values(0, value)}
			if offset >= 0 {
				with["offsets"] = args{"group": group, "topic": name, "partition": 0, "offset": offset}
			}
			d.do(t, "begin", with, nil)
		}

		begin(d, "committed", 1)
		d.do(t, "end", args{"id": id, "commit": true}, nil)
		begin(d, "aborted", 2)
		d.do(t, "end", args{"id": id, "commit": false}, nil)
		var at int64
		d.do(t, "offset", args{"group": group, "topic": name, "partition": 0}, &at)
		if at != 1 {
			t.Errorf("the group is at %d, want 1: of two transactions the first was committed", at)
		}

		begin(doomed, "of a producer that was killed", -1)
		doomed.kill()
		begin(d, "after the kill", -1)
		d.do(t, "end", args{"id": id, "commit": true}, nil)

		begin(d, "of a producer that was replaced", -1)
		begin(d, "of the one that replaced it", 3)
		d.refused(t, "end", args{"id": id, "commit": true, "oldest": true}, "fenced", "Fenced", "FENCED", "epoch", "EPOCH", "Epoch")
		d.do(t, "end", args{"id": id, "commit": true}, nil)
		d.do(t, "produce", args{"topic": name, "records": values(0, "plain")}, nil)

		for isolation, want := range map[string][]string{
			"read_committed": {"committed", "after the kill", "of the one that replaced it", "plain"},
			"read_uncommitted": {"committed", "aborted", "of a producer that was killed", "after the kill", "of a producer that was replaced",
				"of the one that replaced it", "plain"},
		} {
			var got []record
			d.do(t, "consume", args{"topic": name, "n": len(want), "isolation": isolation}, &got)
			if diff := cmp.Diff(want, texts(got)); diff != "" {
				t.Errorf("%s, want (-) and got (+):\n%s", isolation, diff)
			}
		}
		d.do(t, "offset", args{"group": group, "topic": name, "partition": 0}, &at)
		if at != 3 {
			t.Errorf("the group is at %d, want 3", at)
		}
	})
}
