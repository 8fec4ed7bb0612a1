package kafka

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/txn"
)

// The encoding by hand is that of kmsg, byte for byte, in every version.
func TestFetchIsEncodedAsKmsgDoes(t *testing.T) {
	for version := int16(4); version <= 18; version++ {
		rng := rand.New(rand.NewPCG(1, uint64(version)))
		for i := range 50 {
			a, want := randomFetch(rng, version)
			if got := a.AppendTo([]byte("before")); !bytes.Equal(got, want.AppendTo([]byte("before"))) {
				t.Fatalf("version %d, answer %d differs:\n%x\n%x", version, i, got, want.AppendTo(nil))
			}
		}
	}
}

func randomFetch(rng *rand.Rand, version int16) (*fetchAnswer, *kmsg.FetchResponse) {
	a := &fetchAnswer{version: version, committed: rng.IntN(2) == 0}
	r := kmsg.NewPtrFetchResponse()
	r.SetVersion(version)
	if version >= 7 {
		a.code = int16(rng.IntN(100))
		a.session = rng.Int32()
		r.ErrorCode, r.SessionID = a.code, a.session
	}
	for i := range rng.IntN(4) {
		t := fetchTopic{name: fmt.Sprint("topic", i), id: [16]byte{byte(i), 7}}
		v := kmsg.NewFetchResponseTopic()
		v.Topic, v.TopicID = t.name, t.id
		for range rng.IntN(4) {
			f := fetched{index: rng.Int32(), code: int16(rng.IntN(100)), highWatermark: rng.Int64(), logStart: rng.Int64(), stable: rng.Int64()}
			for range rng.IntN(3) {
				f.pieces = append(f.pieces, bytes.Repeat([]byte{byte(rng.Int())}, rng.IntN(200)))
				f.size += len(f.pieces[len(f.pieces)-1])
			}
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.ErrorCode, p.HighWatermark, p.LastStableOffset, p.LogStartOffset = f.index, f.code, f.highWatermark, f.stable, f.logStart
			p.RecordBatches = append([]byte{}, bytes.Join(f.pieces, nil)...)
			if a.committed {
				p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{}
				for range rng.IntN(3) {
					one := txn.Aborted{Producer: rng.Int64(), First: batch.Offset(rng.Int64())}
					f.aborted = append(f.aborted, one)
					w := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
					w.ProducerID, w.FirstOffset = one.Producer, int64(one.First)
					p.AbortedTransactions = append(p.AbortedTransactions, w)
				}
			}
			t.partitions = append(t.partitions, f)
			v.Partitions = append(v.Partitions, p)
		}
		a.topics = append(a.topics, t)
		r.Topics = append(r.Topics, v)
	}
	return a, r
}
