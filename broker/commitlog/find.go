package commitlog

import (
	"github.com/pawl-registry/pawl/broker/batch"
)

// findBound is how far FindIn unpacks a compressed batch, in bytes.
const findBound = 128 << 20

// FindIn returns the first record of b at or after offset from whose timestamp is at or after t (milliseconds since the Unix
// epoch), for engines that implement Find. A batch whose records cannot be read counts as a single record with the header's
// maximum timestamp, so that one bad batch does not hide what follows it.
func FindIn(b batch.Batch, from batch.Offset, t int64) (f Found, ok bool) {
	if b.MaxTimestamp() < t || b.LastOffset() < from || b.Count() == 0 {
		return Found{}, false
	}
	err := b.Records(findBound, func(_ int, r batch.Record) bool {
		if r.Offset < from || r.Timestamp < t {
			return true
		}
		f, ok = Found{Offset: r.Offset, Timestamp: r.Timestamp, Term: Term(b.LeaderEpoch())}, true
		return false
	})
	if err != nil && !ok {
		return Found{Offset: max(from, b.BaseOffset()), Timestamp: b.MaxTimestamp(), Term: Term(b.LeaderEpoch())}, true
	}
	return f, ok
}
