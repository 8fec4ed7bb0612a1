package load

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Target is a server under load.
type Target struct {
	Name     string
	Addr     string  // host:port
	Process  Process // of the server; zero is unknown
	Database Process // that works for the server, with its children; zero is none
}

// Call is one request of an operation and what its answer must be like.
type Call struct {
	Request []byte
	Status  int                    // that is expected
	Check   func(r Response) error // of an answer with that status; nil takes every one
}

// Lane is one server, asked one thing by a number of clients.
type Lane struct {
	Target  *Target
	Clients int
	Slice   int // requests of one slice
	// Call makes request n, counted over all slices from 0. It is called by several clients at once.
	Call func(n int) Call

	conns  []*Conn
	next   atomic.Int64 // the number of the next request
	result Result
}

// Result is what a lane cost.
type Result struct {
	Took     []time.Duration // of each request, in no order if there are several clients
	Elapsed  time.Duration   // of all slices
	CPU      time.Duration   // of the server, over all slices
	Database time.Duration   // CPU of its database
	RSS      int64           // bytes, after the last slice
	Slices   []Result        // what each slice cost, without memory
}

// add adds what a slice cost.
func (r *Result) add(s Result) {
	r.Took = append(r.Took, s.Took...)
	r.Elapsed += s.Elapsed
	r.CPU += s.CPU
	r.Database += s.Database
	r.Slices = append(r.Slices, s)
}

// Sum returns what several slices cost together.
func Sum(slices []Result) (total Result) {
	for _, s := range slices {
		total.add(s)
	}
	return total
}

// Limit says when a run ends: after so many rounds, or after the first round that ends beyond the time.
type Limit struct {
	Rounds int
	Time   time.Duration // 0 is no bound
}

// Run runs a slice of each lane in turn, forwards in one round and backwards in the next, and returns a result for each. The first
// answer that is not as it should be ends the run.
func Run(lanes []*Lane, until Limit) ([]Result, error) {
	for _, l := range lanes {
		defer l.close()
		if err := l.open(); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	for round := range until.Rounds {
		for i := range lanes {
			if round%2 == 1 {
				i = len(lanes) - 1 - i
			}
			if err := lanes[i].slice(); err != nil {
				return nil, fmt.Errorf("%s: %w", lanes[i].Target.Name, err)
			}
		}
		if until.Time > 0 && time.Since(start) > until.Time {
			break
		}
	}
	out := make([]Result, len(lanes))
	for i, l := range lanes {
		rss, err := l.Target.Process.RSS()
		if err != nil {
			return nil, err
		}
		out[i] = l.result
		out[i].RSS = rss
	}
	return out, nil
}

func (l *Lane) open() error {
	for range l.Clients {
		c, err := Dial(l.Target.Addr)
		if err != nil {
			return fmt.Errorf("%s: %w", l.Target.Name, err)
		}
		l.conns = append(l.conns, c)
	}
	return nil
}

func (l *Lane) close() {
	for _, c := range l.conns {
		_ = c.Close() // nothing is under way on it
	}
	l.conns = nil
}

// slice runs the next requests of the lane and adds what they cost.
func (l *Lane) slice() error {
	before, err := l.Target.used()
	if err != nil {
		return err
	}
	start := time.Now()
	took, err := l.burst(l.next.Load() + int64(l.Slice))
	if err != nil {
		return err
	}
	elapsed := time.Since(start)
	after, err := l.Target.used()
	if err != nil {
		return err
	}
	l.result.add(Result{Took: took, Elapsed: elapsed, CPU: after.server - before.server, Database: after.database - before.database})
	return nil
}

type used struct{ server, database time.Duration }

func (t *Target) used() (u used, err error) {
	if u.server, err = t.Process.CPU(); err != nil {
		return u, err
	}
	u.database, err = t.Database.FamilyCPU()
	return u, err
}

// burst lets all clients send requests until number end.
func (l *Lane) burst(end int64) ([]time.Duration, error) {
	var clients sync.WaitGroup
	times, errs := make([][]time.Duration, len(l.conns)), make([]error, len(l.conns))
	for i, c := range l.conns {
		clients.Go(func() { times[i], errs[i] = l.client(c, end) })
	}
	clients.Wait()
	l.next.Store(end)
	var all []time.Duration
	for i := range times {
		if errs[i] != nil {
			return nil, errs[i]
		}
		all = append(all, times[i]...)
	}
	return all, nil
}

func (l *Lane) client(c *Conn, end int64) (took []time.Duration, err error) {
	for {
		n := l.next.Add(1) - 1
		if n >= end {
			return took, nil
		}
		call := l.Call(int(n))
		start := time.Now()
		r, err := c.Do(call.Request)
		if err != nil {
			return took, err
		}
		took = append(took, time.Since(start))
		if err := call.judge(r); err != nil {
			return took, err
		}
	}
}

func (c Call) judge(r Response) error {
	if r.Status != c.Status {
		return fmt.Errorf("%s\nanswered %d instead of %d: %s", c.Request, r.Status, c.Status, r.Body[:min(len(r.Body), 2000)])
	}
	if c.Check != nil {
		if err := c.Check(r); err != nil {
			return fmt.Errorf("%s\nanswered %s: %w", c.Request, r.Body[:min(len(r.Body), 2000)], err)
		}
	}
	return nil
}
