package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pawl-registry/pawl/tests/bench/load"
)

// writers compares one writer with many: what they wait for together is shared.
func (b *bench) writers(ctx context.Context) error {
	for i, clients := range []int{1, few, many} {
		first := 10_000_000 * (i + 1)
		err := b.measure(ctx, scenario{name: "register new, by writers", clients: []int{clients}, slice: 10 * clients, call: func(_ *bench, s *server, n int) load.Call {
			return load.Call{Request: s.send("POST", "/subjects/"+subject(first+n)+"/versions", record(first+n)), Status: 200}
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// chained registers a chain of versions, each compared with all before it, then checks schemas against the whole chain.
func (b *bench) chained(ctx context.Context, versions int) error {
	const path = "/subjects/chain/versions"
	for _, s := range b.servers {
		if _, err := s.once(s.send("PUT", "/config/chain", map[string]string{"compatibility": "BACKWARD_TRANSITIVE"})); err != nil {
			return err
		}
	}
	results, err := b.run(ctx, scenario{name: "chain, each version", clients: []int{1}, slice: 1, rounds: versions, call: func(_ *bench, s *server, n int) load.Call {
		return load.Call{Request: s.send("POST", path, link(n, "")), Status: 200}
	}})
	if err != nil {
		return err
	}
	tenth := max(versions/10, 1)
	for i, s := range b.servers {
		took := results[i].Took
		first, last := took[:tenth], took[len(took)-tenth:]
		b.report.add("chain, first tenth", b.held, &load.Lane{Target: &s.Target, Clients: 1}, load.Result{Took: first, Elapsed: sum(first)})
		b.report.add("chain, last tenth", b.held, &load.Lane{Target: &s.Target, Clients: 1}, load.Result{Took: last, Elapsed: sum(last)})
	}
	for _, clients := range []int{1, few} {
		for _, name := range []string{"same", "new"} {
			err := b.measure(ctx, scenario{name: fmt.Sprintf("check against %d, %s text", versions, name), clients: []int{clients}, slice: 20, call: func(_ *bench, s *server, n int) load.Call {
				if name == "same" {
					n = 0
				}
				return s.check(link(versions, fmt.Sprintf("_%d_%d", clients, n)))
			}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// check asks whether a schema is compatible with the chain.
func (s *server) check(t text) load.Call {
	return load.Call{Request: s.send("POST", "/compatibility/subjects/chain/versions", t), Status: 200, Check: wantCompatible}
}

func sum(list []time.Duration) (total time.Duration) {
	for _, d := range list {
		total += d
	}
	return total
}

func wantCompatible(r load.Response) error {
	if !bytes.Contains(r.Body, []byte(`"is_compatible":true`)) {
		return errors.New("not compatible")
	}
	return nil
}
