package history

// Isolation is what a reader wants to see.
type Isolation uint8

// The two of Kafka.
const (
	Uncommitted Isolation = iota
	Committed
)

// Reader is a consumer. It reads each of its partitions from an offset on, record after record.
type Reader struct {
	h         *History
	client    string
	isolation Isolation
	runs      []*run
	current   map[string]*run
}

// run is what a reader read of one partition without being moved.
type run struct {
	reader    *Reader
	partition string
	from      int64
	begun     moment
	reads     []read
	done      bool // it came to the end of what there is
	polls     int
}

// read is a record that was read.
type read struct {
	offset int64
	value  string
	send   *Send // nil: nobody sent it
	at     moment
	poll   int // reads of one poll have one number
}

// Read is what a poll brings.
type Read struct {
	Offset int64
	Value  string
}

// Reader makes a consumer.
func (h *History) Reader(client string, i Isolation) *Reader {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &Reader{h: h, client: client, isolation: i, current: make(map[string]*run)}
	h.readers = append(h.readers, r)
	return r
}

// Assign moves the reader to an offset of a partition, from which it reads on. It begins before the first request is sent.
func (r *Reader) Assign(partition string, from int64) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	next := &run{reader: r, partition: partition, from: from, begun: r.h.tick()}
	r.runs = append(r.runs, next)
	r.current[partition] = next
}

// Poll records what a poll brought of one partition, which must have been assigned.
func (r *Reader) Poll(partition string, all ...Read) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	at, to := r.h.tick(), r.current[partition]
	to.polls++
	for _, found := range all {
		s := r.h.byValue[found.Value]
		to.reads = append(to.reads, read{offset: found.Offset, value: found.Value, send: s, at: at, poll: to.polls})
		if s != nil && s.Partition == partition {
			s.found(found.Offset)
			if s.seen[r.isolation] == 0 {
				s.seen[r.isolation] = at
			}
		}
	}
}

// Done tells that the reader has read all that there was of the partition when it was assigned: what had been acknowledged by
// then, it has read. Of a Committed reader that can be said only if no transaction was open, as it sees nothing behind one.
func (r *Reader) Done(partition string) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	r.current[partition].done = true
}
