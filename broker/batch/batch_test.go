package batch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/batch"
)

func records(n int) []batch.Record {
	var rs []batch.Record
	for i := range n {
		rs = append(rs, batch.Record{
			Timestamp: 1_700_000_000_000 + int64(i*7%5),
			Key:       []byte{byte(i)},
			Value:     bytes.Repeat([]byte{byte('a' + i%26)}, 10+i),
			Headers:   []batch.Header{{Key: "trace", Value: []byte{1, 2}}, {Key: "", Value: nil}},
		})
	}
	return rs
}

func build(t testing.TB, s batch.Spec, rs []batch.Record) batch.Batch {
	t.Helper()
	b, err := batch.Build(nil, s, rs)
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	return b
}

// collect copies what Records yields.
func collect(t testing.TB, b batch.Batch) []batch.Record {
	t.Helper()
	var rs []batch.Record
	err := b.Records(1<<20, func(_ int, r batch.Record) bool {
		r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
		hs := append([]batch.Header(nil), r.Headers...)
		for i := range hs {
			hs[i].Value = bytes.Clone(hs[i].Value)
		}
		r.Headers = hs
		rs = append(rs, r)
		return true
	})
	if err != nil {
		t.Fatalf("Records: %v", err)
	}
	return rs
}

// reseal writes the checksum after a test has changed bytes.
func reseal(b []byte) []byte {
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func TestHeaderFieldsReadBack(t *testing.T) {
	p := batch.Producer{ID: 77, Epoch: 3, BaseSequence: math.MaxInt32 - 1}
	b := build(t, batch.Spec{BaseOffset: 40, LeaderEpoch: 5, Transactional: true, Producer: &p}, records(4))
	first, rest, err := batch.Open(append(bytes.Clone(b), 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	type header struct {
		Base, Last, Next batch.Offset
		Epoch            int32
		Codec            batch.Codec
		Type             batch.TimestampType
		Txn, Control     bool
		BaseTS, MaxTS    int64
		Producer         batch.Producer
		LastSequence     int32
		Count, Size      int
		Rest             []byte
	}
	got := header{
		first.BaseOffset(), first.LastOffset(), first.NextOffset(), first.LeaderEpoch(), first.Codec(), first.TimestampType(),
		first.Transactional(), first.Control(), first.BaseTimestamp(), first.MaxTimestamp(), first.Producer(),
		first.LastSequence(), first.Count(), len(first), rest,
	}
	want := header{
		40, 43, 44, 5, batch.None, batch.CreateTime, true, false, 1_700_000_000_000, 1_700_000_000_004, p, 1, 4, len(b), []byte{1, 2, 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestABatchEqualsAnotherEncoders(t *testing.T) {
	rs := records(3)
	var body []byte
	for i, r := range rs {
		k := kmsg.NewRecord()
		k.TimestampDelta64, k.OffsetDelta, k.Key, k.Value = r.Timestamp-rs[0].Timestamp, int32(i), r.Key, r.Value
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kmsg.Header{Key: h.Key, Value: h.Value})
		}
		sized := k.AppendTo(nil) // Length is 0, in one byte
		k.Length = int32(len(sized) - 1)
		body = k.AppendTo(body)
	}
	k := kmsg.RecordBatch{
		FirstOffset: 9, Length: int32(49 + len(body)), PartitionLeaderEpoch: 2, Magic: 2, LastOffsetDelta: 2,
		FirstTimestamp: rs[0].Timestamp, MaxTimestamp: rs[2].Timestamp, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: 3, Records: body,
	}
	want := reseal(k.AppendTo(nil))
	got := build(t, batch.Spec{BaseOffset: 9, LeaderEpoch: 2}, rs)
	if !bytes.Equal(want, got) {
		t.Errorf("got\n%x\nwant\n%x", []byte(got), want)
	}
}

func TestOpenRefuses(t *testing.T) {
	good := build(t, batch.Spec{BaseOffset: 3}, records(2))
	edit := func(f func(b []byte)) func() []byte {
		return func() []byte {
			b := bytes.Clone(good)
			f(b)
			return b
		}
	}
	sealed := func(f func(b []byte)) func() []byte { return edit(func(b []byte) { f(b); reseal(b) }) }
	be := binary.BigEndian
	cases := []struct {
		name string
		b    func() []byte
		want error
	}{
		{"nothing", func() []byte { return nil }, batch.ErrShort},
		{"half a prefix", func() []byte { return good[:11] }, batch.ErrShort},
		{"all but the last byte", func() []byte { return good[:len(good)-1] }, batch.ErrShort},
		{"a negative length", edit(func(b []byte) { be.PutUint32(b[8:], 1<<31) }), batch.ErrLength},
		{"a length below a header", edit(func(b []byte) { be.PutUint32(b[8:], 48) }), batch.ErrLength},
		{"a length beyond the bytes", edit(func(b []byte) { be.PutUint32(b[8:], 1<<31-1) }), batch.ErrShort},
		{"magic 1", edit(func(b []byte) { b[16] = 1 }), batch.ErrMagic},
		{"magic 3", edit(func(b []byte) { b[16] = 3 }), batch.ErrMagic},
		{"a flipped bit in the records", edit(func(b []byte) { b[len(b)-1] ^= 1 }), batch.ErrChecksum},
		{"a flipped bit in the attributes", edit(func(b []byte) { b[21] ^= 1 }), batch.ErrChecksum},
		{"a flipped bit in the checksum", edit(func(b []byte) { b[17] ^= 1 }), batch.ErrChecksum},
		{"codec 5", sealed(func(b []byte) { b[22] |= 5 }), batch.ErrCodec},
		{"a negative count", sealed(func(b []byte) { be.PutUint32(b[57:], 1<<31) }), batch.ErrHeader},
		{"a negative last offset delta", sealed(func(b []byte) { be.PutUint32(b[23:], 1<<31) }), batch.ErrHeader},
		{"more records than offsets", sealed(func(b []byte) { be.PutUint32(b[57:], 3) }), batch.ErrHeader},
		{"more records than bytes", sealed(func(b []byte) { be.PutUint32(b[57:], 1000); be.PutUint32(b[23:], 999) }), batch.ErrHeader},
		{"a negative base offset", edit(func(b []byte) { b[0] = 0x80 }), batch.ErrHeader},
		{"offsets that overflow", edit(func(b []byte) { copy(b, "\x7f\xff\xff\xff\xff\xff\xff\xff") }), batch.ErrHeader},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := c.b()
			first, rest, err := batch.Open(in)
			if !errors.Is(err, c.want) || first != nil || len(rest) != len(in) {
				t.Errorf("Open: batch of %d bytes, rest of %d, error %v; want %v", len(first), len(rest), err, c.want)
			}
		})
	}
}

func TestWhatAProducerMayNotSend(t *testing.T) {
	be := binary.BigEndian
	gap := build(t, batch.Spec{}, records(2))
	be.PutUint32(gap[23:], 5)
	cases := []struct {
		name string
		b    batch.Batch
		ok   bool
	}{
		{"a plain batch", build(t, batch.Spec{}, records(2)), true},
		{"an idempotent batch", build(t, batch.Spec{Producer: &batch.Producer{ID: 1}}, records(2)), true},
		{"no records", build(t, batch.Spec{}, nil), false},
		{"a gap in the offsets", batch.Batch(reseal(gap)), false},
		{"a producer without a sequence", build(t, batch.Spec{Producer: &batch.Producer{ID: 1, BaseSequence: -1}}, records(1)), false},
		{"a transaction without a producer", build(t, batch.Spec{Transactional: true}, records(1)), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := batch.Open(c.b); err != nil {
				t.Fatalf("Open: %v", err)
			}
			if err := c.b.CheckProduced(); (err == nil) != c.ok || (err != nil && !errors.Is(err, batch.ErrHeader)) {
				t.Errorf("CheckProduced: %v, want ok=%v", err, c.ok)
			}
		})
	}
}

func TestOffsetAndEpochAreSetOutsideTheChecksum(t *testing.T) {
	b := build(t, batch.Spec{}, records(3))
	b.SetBaseOffset(1 << 40)
	b.SetLeaderEpoch(12)
	got, _, err := batch.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	if got.BaseOffset() != 1<<40 || got.LeaderEpoch() != 12 || collect(t, got)[2].Offset != 1<<40+2 {
		t.Errorf("base %d, epoch %d", got.BaseOffset(), got.LeaderEpoch())
	}
}

func TestLogAppendTimeReplacesEveryTimestamp(t *testing.T) {
	b := build(t, batch.Spec{Codec: batch.Zstd}, records(3))
	b.SetLogAppendTime(1234)
	got, _, err := batch.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	if got.TimestampType() != batch.LogAppendTime || got.MaxTimestamp() != 1234 || got.Codec() != batch.Zstd {
		t.Errorf("type %d, maximum %d, codec %s", got.TimestampType(), got.MaxTimestamp(), got.Codec())
	}
	for _, r := range collect(t, got) {
		if r.Timestamp != 1234 {
			t.Errorf("record %d has timestamp %d", r.Offset, r.Timestamp)
		}
	}
}

func TestNullAndEmptyDiffer(t *testing.T) {
	want := []batch.Record{
		{Key: nil, Value: []byte{}, Headers: []batch.Header{{Key: "h", Value: nil}, {Key: "i", Value: []byte{}}}},
		{Key: []byte{}, Value: nil},
	}
	got := collect(t, build(t, batch.Spec{}, want))
	want[1].Offset = 1
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestHeadersOfUnequalRecordsDoNotMix(t *testing.T) {
	h := func(keys string) (hs []batch.Header) {
		for k := range strings.SplitSeq(keys, ",") {
			hs = append(hs, batch.Header{Key: k, Value: []byte(k + "!")})
		}
		return hs
	}
	want := []batch.Record{{Headers: h("a,b,c")}, {Headers: h("b")}, {}, {Headers: h("a,x,c,d")}}
	got := collect(t, build(t, batch.Spec{}, want))
	for i := range want {
		want[i].Offset = batch.Offset(i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestRecordsStopsWhenAsked(t *testing.T) {
	n := 0
	err := build(t, batch.Spec{Codec: batch.LZ4}, records(5)).Records(1<<20, func(int, batch.Record) bool {
		n++
		return n < 2
	})
	if n != 2 || err != nil {
		t.Errorf("yield ran %d times, error %v", n, err)
	}
}

func TestMarkers(t *testing.T) {
	for _, typ := range []batch.ControlType{batch.Abort, batch.Commit} {
		m := batch.BuildMarker(batch.Marker{Type: typ, ProducerID: 9, ProducerEpoch: 2, CoordinatorEpoch: 4, Timestamp: 55})
		b, rest, err := batch.Open(m)
		if err != nil || len(rest) != 0 {
			t.Fatal(err)
		}
		if !b.Control() || !b.Transactional() || b.Count() != 1 || b.MaxTimestamp() != 55 {
			t.Errorf("header of a marker: %x", []byte(b))
		}
		if want := (batch.Producer{ID: 9, Epoch: 2, BaseSequence: -1}); b.Producer() != want {
			t.Errorf("producer %v, want %v", b.Producer(), want)
		}
		var value kmsg.EndTxnMarker
		r := collect(t, b)[0]
		if got, err := r.ControlType(); err != nil || got != typ {
			t.Errorf("type %d, %v; want %d", got, err, typ)
		}
		if err := value.ReadFrom(r.Value); err != nil || value.CoordinatorEpoch != 4 {
			t.Errorf("value %+v, %v", value, err)
		}
	}
	if _, err := (batch.Record{Key: []byte{0, 0, 0}}).ControlType(); !errors.Is(err, batch.ErrRecord) {
		t.Errorf("a short control key: %v", err)
	}
}

func TestRetainKeepsOffsetsAndSequence(t *testing.T) {
	p := batch.Producer{ID: 7, Epoch: 1, BaseSequence: 30}
	for _, codec := range []batch.Codec{batch.None, batch.Zstd} {
		b := build(t, batch.Spec{BaseOffset: 100, LeaderEpoch: 3, Codec: codec, Producer: &p}, records(6))
		all := collect(t, b)
		kept, err := b.Retain([]byte("before"), 1<<20, func(i int, _ batch.Record) bool { return i%2 == 1 && i < 5 })
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := batch.Open(kept)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]batch.Record{all[1], all[3]}, collect(t, got)); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		if got.BaseOffset() != 100 || got.LastOffset() != 105 || got.LastSequence() != 35 || got.LeaderEpoch() != 3 || got.Codec() != codec {
			t.Errorf("base %d, last %d, sequence %d, codec %s", got.BaseOffset(), got.LastOffset(), got.LastSequence(), got.Codec())
		}
		none, err := b.Retain(nil, 1<<20, func(int, batch.Record) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := batch.Open(none); err != nil || none.Count() != 0 || none.LastOffset() != 105 || len(collect(t, none)) != 0 {
			t.Errorf("an emptied batch: %v", err)
		}
	}
}

func TestReadingAHeaderAndRecordsAllocatesNothingPerRecord(t *testing.T) {
	for _, codec := range []batch.Codec{batch.None, batch.Snappy, batch.Zstd} {
		few, many := build(t, batch.Spec{Codec: codec}, records(10)), build(t, batch.Spec{Codec: codec}, records(1000))
		count := func(b batch.Batch) float64 {
			return testing.AllocsPerRun(20, func() {
				opened, _, err := batch.Open(b)
				if err == nil {
					err = opened.Records(1<<20, func(int, batch.Record) bool { return true })
				}
				if err != nil {
					t.Fatal(err)
				}
			})
		}
		if a, b := count(few), count(many); b > a+2 {
			t.Errorf("%s: %v allocations for 10 records, %v for 1000", codec, a, b)
		}
	}
}
