package compaction

import (
	"crypto/sha256"

	"github.com/pawl-registry/pawl/broker/batch"
)

// DefaultMemory is how many bytes keys may take if nobody says.
const DefaultMemory = 64 << 20

// unpackBound is how far a compressed batch is unpacked, in bytes. One that is larger stays as it is.
const unpackBound = 128 << 20

// keyBytes is about what a key takes in memory: 24 bytes in a map that is never more than 7/8 full and doubles.
const keyBytes = 64

// digest stands for a key. It is cryptographic because two keys with one digest would be one key, and producers choose theirs.
type digest [16]byte

func digestOf(key []byte) digest {
	sum := sha256.Sum256(key)
	return digest(sum[:len(digest{})])
}

// Keys remembers the last offset of each key in a stretch of a log.
type Keys struct {
	most int
	last map[digest]batch.Offset
	upTo batch.Offset
	seen []entry // of the batch at hand
}

type entry struct {
	key digest
	at  batch.Offset
}

// NewKeys returns an empty memory of about maxBytes for a stretch that begins at from.
func NewKeys(from batch.Offset, maxBytes int64) *Keys {
	return &Keys{most: int(max(maxBytes/keyBytes, 1)), last: map[digest]batch.Offset{}, upTo: from}
}

// UpTo returns where the stretch ends: one past the last batch that was added.
func (k *Keys) UpTo() batch.Offset { return k.upTo }

// Add takes the next batch and tells whether there was room. Batches of aborted transactions replace nothing. There is room
// for one batch at least, however large, so that every stretch is longer than none.
func (k *Keys) Add(b batch.Batch, s *Survey) bool {
	if len(k.last) > 0 && len(k.last)+b.Count() > k.most {
		return false
	}
	aborted := b.Transactional() && s.isAborted(b.Producer().ID, b.BaseOffset())
	if !b.Control() && !aborted {
		k.note(b)
	}
	k.upTo = max(k.upTo, b.NextOffset())
	return true
}

// note remembers the records of a batch. One that cannot be read to its end replaces nothing: it stays, and so does what is
// before it.
func (k *Keys) note(b batch.Batch) {
	k.seen = k.seen[:0]
	err := b.Records(unpackBound, func(_ int, r batch.Record) bool {
		if r.Key != nil {
			k.seen = append(k.seen, entry{digestOf(r.Key), r.Offset})
		}
		return true
	})
	if err != nil {
		return
	}
	for _, e := range k.seen {
		k.last[e.key] = e.at
	}
}

// replaced tells whether a later record has the key of the one at offset.
func (k *Keys) replaced(key []byte, offset batch.Offset) bool {
	last, ok := k.last[digestOf(key)]
	return ok && last > offset
}
