package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pawl-registry/pawl/tests/bench/load"
)

// bench is one run.
type bench struct {
	servers []*server
	span    time.Duration
	skip    []string // scenarios
	held    int      // subjects registered so far, on every server
	report  report
}

// scenario is one operation of the measured servers.
type scenario struct {
	name    string
	clients []int
	each    int       // requests of one client in a slice: enough that waiting for the last client does not count
	rounds  int       // 0: as many as fit into the time
	servers []*server // nil: all
	call    func(b *bench, s *server, n int) load.Call
}

// few and many are the numbers of clients that most scenarios are measured with: the second may never be the slower one.
const few, many = 16, 64

var reads = []scenario{
	{name: "register again", clients: []int{few, many}, each: 40, call: func(b *bench, s *server, n int) load.Call {
		at := b.pick(n)
		return load.Call{Request: s.send("POST", "/subjects/"+subject(at)+"/versions", record(at)), Status: 200, Check: wantID(s.ids[at])}
	}},
	{name: "lookup", clients: []int{few, many}, each: 40, call: func(b *bench, s *server, n int) load.Call {
		at := b.pick(n)
		return load.Call{Request: s.send("POST", "/subjects/"+subject(at), record(at)), Status: 200, Check: wantID(s.ids[at])}
	}},
	{name: "by id", clients: []int{few, many}, each: 80, call: func(b *bench, s *server, n int) load.Call {
		return load.Call{Request: s.get(fmt.Sprintf("/schemas/ids/%d", s.ids[b.pick(n)])), Status: 200, Check: wantSchema}
	}},
	{name: "latest", clients: []int{few, many}, each: 80, call: func(b *bench, s *server, n int) load.Call {
		at := b.pick(n)
		return load.Call{Request: s.get("/subjects/" + subject(at) + "/versions/latest"), Status: 200, Check: wantID(s.ids[at])}
	}},
	{name: "subjects by prefix", clients: []int{few}, each: 10, call: func(b *bench, s *server, n int) load.Call {
		name := subject(b.pick(n))
		return load.Call{Request: s.get("/subjects?subjectPrefix=" + name[:len(name)-len("0-value")]), Status: 200, Check: wantHeld(name)}
	}},
	{name: "list of subjects", clients: []int{4}, each: 2, call: func(b *bench, s *server, _ int) load.Call {
		return load.Call{Request: s.get("/subjects"), Status: 200, Check: wantHeld(subject(b.held - 1))}
	}},
}

// unchanged asks by an ID for what the client has already. Only servers that tag their answers are asked.
var unchanged = scenario{name: "by id, unchanged", clients: []int{few, many}, each: 80, call: func(_ *bench, s *server, n int) load.Call {
	at := n % len(s.tags)
	return load.Call{Request: s.get(fmt.Sprintf("/schemas/ids/%d", s.ids[at]), "If-None-Match: "+s.tags[at]), Status: 304}
}}

// pick spreads requests over all subjects.
func (b *bench) pick(n int) int { return n * 7919 % b.held }

func wantID(id int) func(load.Response) error {
	want := fmt.Appendf(nil, `"id":%d`, id)
	return func(r load.Response) error {
		if at := bytes.Index(r.Body, want); at < 0 || at+len(want) < len(r.Body) && '0' <= r.Body[at+len(want)] && r.Body[at+len(want)] <= '9' {
			return fmt.Errorf("no %s", want)
		}
		return nil
	}
}

func wantSchema(r load.Response) error {
	if !bytes.Contains(r.Body, []byte("com.example.orders")) {
		return errors.New("not the schema")
	}
	return nil
}

func wantHeld(name string) func(load.Response) error {
	return func(r load.Response) error {
		if !bytes.Contains(r.Body, []byte(`"`+name+`"`)) {
			return fmt.Errorf("no %q in it", name)
		}
		return nil
	}
}

// all runs everything that the settings ask for.
func (b *bench) all(ctx context.Context, s settings) error {
	if err := b.first(); err != nil {
		return err
	}
	for _, size := range s.sizes {
		if err := b.fill(ctx, size); err != nil {
			return err
		}
		if err := b.steady(ctx); err != nil {
			return err
		}
	}
	if err := b.restarts(); err != nil {
		return err
	}
	if err := b.writers(ctx); err != nil {
		return err
	}
	if s.chain == 0 {
		return nil
	}
	return b.chained(ctx, s.chain)
}

// fill registers subjects until a number is held, which is itself measured.
func (b *bench) fill(ctx context.Context, size int) error {
	missing := size - b.held
	if missing <= 0 {
		return nil
	}
	each := max(min(missing/many, 16), 1)
	slice := each * many
	rounds := (missing + slice - 1) / slice
	for _, s := range b.servers {
		s.ids = append(s.ids, make([]int, rounds*slice)...)
	}
	first := b.held
	b.held += rounds * slice
	return b.measure(ctx, scenario{name: "register new", clients: []int{many}, each: each, rounds: rounds, call: func(_ *bench, s *server, n int) load.Call {
		at := first + n
		return load.Call{Request: s.send("POST", "/subjects/"+subject(at)+"/versions", record(at)), Status: 200, Check: func(r load.Response) error {
			var err error
			s.ids[at], err = idOf(r)
			return err
		}}
	}})
}

// first registers the one schema that an empty server needs to be asked for it.
func (b *bench) first() error {
	for _, s := range b.servers {
		r, err := s.once(s.send("POST", "/subjects/"+subject(0)+"/versions", record(0)))
		if err != nil {
			return err
		}
		id, err := idOf(r)
		if err != nil {
			return err
		}
		s.ids = []int{id}
	}
	b.held = 1
	return nil
}

func idOf(r load.Response) (int, error) {
	var body struct {
		ID int `json:"id"`
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return 0, err
	}
	if body.ID == 0 {
		return 0, errors.New("no id")
	}
	return body.ID, nil
}

func (b *bench) steady(ctx context.Context) error {
	for _, sc := range reads {
		if slices.Contains(b.skip, sc.name) {
			continue
		}
		if err := b.measure(ctx, sc); err != nil {
			return err
		}
	}
	tagged, err := b.tag()
	if err != nil || len(tagged) == 0 {
		return err
	}
	sc := unchanged
	sc.servers = tagged
	return b.measure(ctx, sc)
}

// tag learns the tags of some answers and returns the servers that send such.
func (b *bench) tag() ([]*server, error) {
	var tagged []*server
	for _, s := range b.servers {
		s.tags = s.tags[:0]
		for at := range min(b.held, 100) {
			r, err := s.once(s.get(fmt.Sprintf("/schemas/ids/%d", s.ids[at])))
			if err != nil {
				return nil, err
			}
			if r.ETag != "" {
				s.tags = append(s.tags, r.ETag)
			}
		}
		if len(s.tags) > 0 {
			tagged = append(tagged, s)
		}
	}
	return tagged, nil
}

// measure runs one scenario on all servers, with each number of clients, in turn.
func (b *bench) measure(ctx context.Context, sc scenario) error {
	_, err := b.run(ctx, sc)
	return err
}

func (b *bench) run(ctx context.Context, sc scenario) ([]load.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	until := load.Limit{Rounds: sc.rounds}
	if sc.rounds == 0 {
		until = load.Limit{Rounds: math.MaxInt32, Time: b.span}
	}
	if sc.servers == nil {
		sc.servers = b.servers
	}
	var lanes []*load.Lane
	for _, clients := range sc.clients {
		for _, s := range sc.servers {
			lanes = append(lanes, &load.Lane{Target: &s.Target, Clients: clients, Slice: sc.each * clients, Call: func(n int) load.Call { return sc.call(b, s, n) }})
		}
	}
	results, err := load.Run(lanes, until)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sc.name, err)
	}
	for i, r := range results {
		b.report.add(sc.name, b.held, lanes[i], r)
	}
	return results, nil
}

// restarts starts each server of ours anew and notes how long it takes until it is ready, and its memory then.
func (b *bench) restarts() error {
	for _, s := range b.servers {
		if s.restart == nil {
			continue
		}
		took, err := s.restart()
		if err != nil {
			return err
		}
		used, err := s.Process.CPU()
		if err != nil {
			return err
		}
		rss, err := s.Process.RSS()
		if err != nil {
			return err
		}
		b.report.add("start until ready", b.held, &load.Lane{Target: &s.Target, Clients: 1}, load.Result{
			Took: []time.Duration{took}, Elapsed: took, CPU: used, RSS: rss,
		})
	}
	return nil
}
