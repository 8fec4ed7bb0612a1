package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/pawl-registry/pawl/tests/bench/load"
)

// writers compares one writer with many: what they wait for together is shared.
func (b *bench) writers(ctx context.Context) error {
	for i, clients := range []int{1, few, many} {
		first := 10_000_000 * (i + 1)
		err := b.measure(ctx, scenario{name: "register new, by writers", clients: []int{clients}, each: 20, call: func(_ *bench, s *server, n int) load.Call {
			return load.Call{Request: s.send("POST", "/subjects/"+subject(first+n)+"/versions", record(first+n)), Status: 200}
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// chained registers two chains of versions, each compared with all before it, and checks schemas against the whole chains.
func (b *bench) chained(ctx context.Context, versions int) error {
	for _, c := range []chain{{subject: "chain"}, {subject: "growing chain", grows: true}} {
		if err := b.build(ctx, c, versions); err != nil {
			return err
		}
		for _, clients := range []int{1, few} {
			for _, name := range []string{"same", "new"} {
				err := b.measure(ctx, scenario{name: fmt.Sprintf("%s: check, %s text", c.subject, name), clients: []int{clients}, each: 5, call: func(_ *bench, s *server, n int) load.Call {
					if name == "same" {
						n = 0
					}
					return s.check(c, c.link(versions, fmt.Sprintf("_%d_%d", clients, n)))
				}})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// build registers a chain and reports its first and its last tenth.
func (b *bench) build(ctx context.Context, c chain, versions int) error {
	for _, s := range b.servers {
		if _, err := s.once(s.send("PUT", "/config/"+url.PathEscape(c.subject), map[string]string{"compatibility": "BACKWARD_TRANSITIVE"})); err != nil {
			return err
		}
	}
	results, err := b.run(ctx, scenario{name: c.subject + ": register", clients: []int{1}, each: 1, rounds: versions, call: func(_ *bench, s *server, n int) load.Call {
		return load.Call{Request: s.send("POST", "/subjects/"+url.PathEscape(c.subject)+"/versions", c.link(n, "")), Status: 200}
	}})
	if err != nil {
		return err
	}
	tenth := max(versions/10, 1)
	for i, s := range b.servers {
		slices, lane := results[i].Slices, &load.Lane{Target: &s.Target, Clients: 1}
		b.report.add(c.subject+": first tenth", b.held, lane, load.Sum(slices[:tenth]))
		b.report.add(c.subject+": last tenth", b.held, lane, load.Sum(slices[len(slices)-tenth:]))
	}
	return nil
}

// check asks whether a schema is compatible with a chain.
func (s *server) check(c chain, t text) load.Call {
	return load.Call{Request: s.send("POST", "/compatibility/subjects/"+url.PathEscape(c.subject)+"/versions", t), Status: 200, Check: wantCompatible}
}

func wantCompatible(r load.Response) error {
	if !bytes.Contains(r.Body, []byte(`"is_compatible":true`)) {
		return errors.New("not compatible")
	}
	return nil
}
