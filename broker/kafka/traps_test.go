package kafka_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/kafka"
)

func TestProduceAndJoinGroupAreAdvertisedFromZero(t *testing.T) {
	addr, _ := start(t, setup{})
	r := ask(t, addr, kmsg.NewPtrApiVersionsRequest()).(*kmsg.ApiVersionsResponse)
	for _, key := range []int16{0, 11} {
		i := slices.IndexFunc(r.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool { return k.ApiKey == key })
		if i < 0 || r.ApiKeys[i].MinVersion != 0 {
			t.Errorf("key %d is not advertised from version 0", key)
		}
	}
	for _, key := range []int16{4, 5, 6, 7, 27} { // between brokers alone
		if slices.ContainsFunc(r.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool { return k.ApiKey == key }) {
			t.Errorf("%s is advertised", kmsg.NameForKey(key))
		}
	}
}

func TestOldProduceIsRefusedPerPartition(t *testing.T) {
	addr, _ := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	for version := int16(0); version <= 3; version++ {
		want := int16(35)
		if version == 3 {
			want = 0
		}
		if got := produceByHand(t, addr, version, "t", plainBatch(t, "v")); got.ErrorCode != want {
			t.Errorf("version %d is answered with %d, want %d", version, got.ErrorCode, want)
		}
	}
}

func plainBatch(t *testing.T, values ...string) []byte {
	t.Helper()
	var records []batch.Record
	for i, v := range values {
		records = append(records, batch.Record{Timestamp: int64(1000 + i), Value: []byte(v)})
	}
	b, err := batch.Build(nil, batch.Spec{}, records)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func produceRequest(version int16, topic string, records []byte) *kmsg.ProduceRequest {
	r := kmsg.NewPtrProduceRequest()
	r.SetVersion(version)
	r.Acks, r.TimeoutMillis = -1, 5000
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Records = records
	rt.Partitions = append(rt.Partitions, rp)
	r.Topics = append(r.Topics, rt)
	return r
}

func produceByHand(t *testing.T, addr string, version int16, topic string, records []byte) kmsg.ProduceResponseTopicPartition {
	t.Helper()
	return ask(t, addr, produceRequest(version, topic, records)).(*kmsg.ProduceResponse).Topics[0].Partitions[0]
}

func TestApiVersionsOfTheFutureIsAnsweredBeforeItIsParsed(t *testing.T) {
	addr, _ := start(t, setup{})
	nc := dial(t, addr)
	request := []byte{0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff} // nothing of it can be read by version 4
	if _, err := nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...)); err != nil {
		t.Fatal(err)
	}
	correlation, body := receive(t, nc)
	r := kmsg.NewPtrApiVersionsResponse()
	if err := r.ReadFrom(body); err != nil || correlation != 5 {
		t.Fatalf("correlation %d, %v", correlation, err)
	}
	if r.ErrorCode != 35 || len(r.ApiKeys) < 20 {
		t.Errorf("error %d with %d keys", r.ErrorCode, len(r.ApiKeys))
	}
	if _, err := nc.Write(frame(kmsg.NewPtrApiVersionsRequest(), 6)); err != nil {
		t.Fatal(err)
	}
	if correlation, _ := receive(t, nc); correlation != 6 {
		t.Error("the connection is of no more use afterwards")
	}
}

func fetchRequest(b *broker.Broker, version int16, topic string, offset int64, maxBytes int32) *kmsg.FetchRequest {
	r := kmsg.NewPtrFetchRequest()
	r.SetVersion(version)
	r.MaxWaitMillis, r.MinBytes, r.MaxBytes = 10, 1, maxBytes
	ft := kmsg.NewFetchRequestTopic()
	ft.Topic = topic
	if t, err := b.Topic(topic); err == nil {
		ft.TopicID = t.ID()
	}
	fp := kmsg.NewFetchRequestTopicPartition()
	fp.FetchOffset, fp.PartitionMaxBytes, fp.CurrentLeaderEpoch = offset, maxBytes, -1
	ft.Partitions = append(ft.Partitions, fp)
	r.Topics = append(r.Topics, ft)
	return r
}

func TestFetch(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	for range 2 {
		if p := produceByHand(t, addr, 9, "t", plainBatch(t, "a", "b", "c")); p.ErrorCode != 0 {
			t.Fatalf("error %d", p.ErrorCode)
		}
	}
	tests := []struct {
		name     string
		offset   int64
		maxBytes int32
		code     int16
		first    batch.Offset // of the first batch; -1: empty, not null
	}{
		{"at the start", 0, 1 << 20, 0, 0},
		{"in the middle of a batch", 4, 1 << 20, 0, 3},
		{"with less room than a batch takes", 0, 1, 0, 0},
		{"at the end", 6, 1 << 20, 0, -1},
		{"beyond the end", 7, 1 << 20, 1, -1},
	}
	for version := int16(4); version <= 18; version++ {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("version %d/%s", version, tt.name), func(t *testing.T) {
				r := ask(t, addr, fetchRequest(b, version, "t", tt.offset, tt.maxBytes)).(*kmsg.FetchResponse)
				p := r.Topics[0].Partitions[0]
				if p.ErrorCode != tt.code || p.RecordBatches == nil {
					t.Fatalf("error %d, records null: %v", p.ErrorCode, p.RecordBatches == nil)
				}
				if tt.first < 0 {
					if len(p.RecordBatches) > 0 {
						t.Errorf("%d bytes", len(p.RecordBatches))
					}
					return
				}
				first, _, err := batch.Open(p.RecordBatches)
				if err != nil || first.BaseOffset() != tt.first || p.HighWatermark != 6 || p.LastStableOffset != 6 {
					t.Errorf("first batch at %d, high watermark %d, %v", first.BaseOffset(), p.HighWatermark, err)
				}
			})
		}
	}
}

func TestFetchKeepsToItsBounds(t *testing.T) {
	addr, b := start(t, setup{server: kafka.Options{MaxFetchMemory: 4 << 20}})
	makeTopic(t, addr, "t", 2, nil)
	value := strings.Repeat("x", 100_000)
	for i := range 60 {
		r := produceRequest(9, "t", plainBatch(t, value))
		r.Topics[0].Partitions[0].Partition = int32(i % 2)
		ask(t, addr, r)
	}
	size := len(plainBatch(t, value))
	tests := []struct {
		name                  string
		partition, whole      int32
		wantFirst, wantSecond int // batches
	}{
		{"more than the memory for all Fetches", 4 << 20, 8 << 20, 30, 0}, // a buffer that takes it all
		{"a little less than the memory", 3 << 20, 3900000, 30, 8},
		{"room for three of each", int32(3 * size), 3900000, 3, 3},
		{"a byte too few for three", int32(3*size - 1), 3900000, 2, 2},
		{"room for four in all", 3 << 20, int32(4 * size), 4, 0},
		{"room for the first and a half", int32(size), int32(size + size/2), 1, 0},
		{"room for nothing", 1, 1, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := fetchRequest(b, 12, "t", 0, tt.partition)
			r.MaxBytes, r.MaxWaitMillis = tt.whole, 5000 // the answer before may still hold its memory
			second := r.Topics[0].Partitions[0]
			second.Partition = 1
			r.Topics[0].Partitions = append(r.Topics[0].Partitions, second)
			got := ask(t, addr, r).(*kmsg.FetchResponse).Topics[0].Partitions
			counts := [2]int{len(got[0].RecordBatches) / size, len(got[1].RecordBatches) / size}
			if counts != [2]int{tt.wantFirst, tt.wantSecond} {
				t.Errorf("%v batches, want %d and %d", counts, tt.wantFirst, tt.wantSecond)
			}
			next := batch.Offset(0)
			for rest := got[0].RecordBatches; len(rest) > 0; {
				var one batch.Batch
				var err error
				if one, rest, err = batch.Open(rest); err != nil || one.BaseOffset() != next {
					t.Fatalf("after %d: %v", next, err)
				}
				next = one.NextOffset()
			}
		})
	}
}

// A client that asks for everything and reads nothing holds memory. Others are told that there is nothing until it is given back;
// nothing is read beyond the bound.
func TestFetchWaitsForMemory(t *testing.T) {
	const memory = 16 << 20 // more than sockets take
	addr, b := start(t, setup{server: kafka.Options{MaxFetchMemory: memory}})
	makeTopic(t, addr, "t", 1, nil)
	value := strings.Repeat("x", 900_000)
	for range 20 {
		produceByHand(t, addr, 9, "t", plainBatch(t, value))
	}
	idle := dial(t, addr)
	if err := idle.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Write(frame(fetchRequest(b, 12, "t", 0, memory), 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(idle, make([]byte, 4)); err != nil { // the answer is on its way, and goes no further
		t.Fatal(err)
	}
	r := fetchRequest(b, 12, "t", 0, 1<<20)
	p := ask(t, addr, r).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	if p.ErrorCode != 0 || p.HighWatermark != 20 || len(p.RecordBatches) != 0 {
		t.Fatalf("error %d, high watermark %d, %d bytes; want nothing of 20 records", p.ErrorCode, p.HighWatermark, len(p.RecordBatches))
	}
	waiting := dial(t, addr)
	if err := waiting.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	r.MaxWaitMillis = 60_000
	if _, err := waiting.Write(frame(r, 1)); err != nil {
		t.Fatal(err)
	}
	if err := idle.Close(); err != nil {
		t.Fatal(err)
	}
	if _, body := receive(t, waiting); len(body) < len(value) {
		t.Errorf("%d bytes, want a batch", len(body))
	}
}

func TestFetchWaitsForRecords(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	r := fetchRequest(b, 12, "t", 0, 1<<20)
	r.MaxWaitMillis = 60_000
	nc := dial(t, addr)
	if _, err := nc.Write(frame(r, 1)); err != nil {
		t.Fatal(err)
	}
	produceByHand(t, addr, 9, "t", plainBatch(t, "x"))
	_, body := receive(t, nc) // well before the deadline of the connection, or it fails
	response := r.ResponseKind().(*kmsg.FetchResponse)
	response.SetVersion(12)
	if err := response.ReadFrom(body[1:]); err != nil || len(response.Topics[0].Partitions[0].RecordBatches) == 0 {
		t.Errorf("no records: %v", err)
	}
}

func TestFetchSessionsAreNotKept(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	r := fetchRequest(b, 12, "t", 0, 1<<20)
	r.SessionID, r.SessionEpoch = 5, 1
	if got := ask(t, addr, r).(*kmsg.FetchResponse); got.ErrorCode != 70 {
		t.Errorf("error %d, want 70", got.ErrorCode)
	}
}

func TestSimpleCommitMakesTheGroup(t *testing.T) {
	addr, _ := start(t, setup{})
	admin := makeTopic(t, addr, "t", 1, nil)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: "t", At: 12, LeaderEpoch: 0, Metadata: "from the left"})
	if err := admin.CommitAllOffsets(deadline(t), "simple", offsets); err != nil {
		t.Fatal(err)
	}
	got, err := admin.FetchOffsets(deadline(t), "simple")
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := got.Lookup("t", 0); !ok || o.At != 12 || o.Metadata != "from the left" {
		t.Errorf("committed is %+v", o)
	}
	offsets = nil
	offsets.Add(kadm.Offset{Topic: "t", Metadata: strings.Repeat("x", 4097)})
	if err := admin.CommitAllOffsets(deadline(t), "simple", offsets); !errors.Is(err, kerr.OffsetMetadataTooLarge) {
		t.Errorf("too much metadata: %v", err)
	}
	offsets = nil
	offsets.Add(kadm.Offset{Topic: "nowhere"})
	if err := admin.CommitAllOffsets(deadline(t), "simple", offsets); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("an unknown topic: %v", err)
	}
}

func TestListOffsetsByTimeIsExact(t *testing.T) {
	addr, _ := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	produceByHand(t, addr, 9, "t", plainBatch(t, "a", "b", "c")) // at 1000, 1001 and 1002 ms
	tests := []struct{ at, offset, timestamp int64 }{{0, 0, 1000}, {1000, 0, 1000}, {1001, 1, 1001}, {1002, 2, 1002}, {1003, -1, -1},
		{-1, 3, -1}, {-2, 0, -1}, {-3, 2, 1002}, {-4, 0, -1}, {-5, -1, -1}, {-6, -1, -1}}
	for _, tt := range tests {
		r := kmsg.NewPtrListOffsetsRequest()
		r.SetVersion(11)
		rt := kmsg.NewListOffsetsRequestTopic()
		rt.Topic = "t"
		rp := kmsg.NewListOffsetsRequestTopicPartition()
		rp.Timestamp = tt.at
		rt.Partitions = append(rt.Partitions, rp)
		r.Topics = append(r.Topics, rt)
		p := ask(t, addr, r).(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0]
		if p.ErrorCode != 0 || p.Offset != tt.offset || p.Timestamp != tt.timestamp {
			t.Errorf("at %d: offset %d, timestamp %d, error %d", tt.at, p.Offset, p.Timestamp, p.ErrorCode)
		}
	}
}

func TestLimitsOfTopicsAreEnforced(t *testing.T) {
	addr, _ := start(t, setup{})
	small, policy := "200", "compact"
	admin := makeTopic(t, addr, "small", 1, map[string]*string{"max.message.bytes": &small})
	if p := produceByHand(t, addr, 9, "small", plainBatch(t, strings.Repeat("x", 300))); p.ErrorCode != 10 || p.ErrorMessage == nil {
		t.Errorf("a batch over max.message.bytes is answered with %d", p.ErrorCode)
	}
	if _, err := admin.CreateTopic(deadline(t), 1, 1, map[string]*string{"cleanup.policy": &policy}, "compacted"); err != nil {
		t.Fatal(err)
	}
	p := produceByHand(t, addr, 9, "compacted", plainBatch(t, "a", "b"))
	if p.ErrorCode != 87 || len(p.ErrorRecords) != 2 || p.ErrorRecords[1].RelativeOffset != 1 || p.ErrorMessage == nil {
		t.Errorf("keyless records are answered with %+v", p)
	}
	if p := produceByHand(t, addr, 7, "compacted", plainBatch(t, "a", "b")); p.ErrorCode != 87 {
		t.Errorf("version 7 is answered with %d", p.ErrorCode)
	}
}

func TestInitProducerId(t *testing.T) {
	addr, _ := start(t, setup{})
	id := "tx"
	tests := []struct {
		name    string
		txn     *string
		timeout int32
		code    int16
	}{{"idempotent", nil, 0, 0}, {"transactional", &id, 60_000, 0}, {"a time-out beyond transaction.max.timeout.ms", &id, 15*60*1000 + 1, 50}, {"a time-out of nothing", &id, 0, 50}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := kmsg.NewPtrInitProducerIDRequest()
			r.SetVersion(4)
			r.TransactionalID, r.TransactionTimeoutMillis = tt.txn, tt.timeout
			if got := ask(t, addr, r).(*kmsg.InitProducerIDResponse); got.ErrorCode != tt.code || (got.ProducerID >= 0) != (tt.code == 0) {
				t.Errorf("error %d, id %d; want error %d", got.ErrorCode, got.ProducerID, tt.code)
			}
		})
	}
}

func TestMetadataMakesTopicsOnlyIfAskedAndAllowed(t *testing.T) {
	for _, auto := range []bool{false, true} {
		addr, b := start(t, setup{broker: broker.Options{AutoCreate: auto, DefaultPartitions: 2}})
		ask := func(name string, allow bool) kmsg.MetadataResponseTopic {
			r := kmsg.NewPtrMetadataRequest()
			r.SetVersion(12)
			r.AllowAutoTopicCreation = allow
			rt := kmsg.NewMetadataRequestTopic()
			rt.Topic = &name
			r.Topics = append(r.Topics, rt)
			return ask(t, addr, r).(*kmsg.MetadataResponse).Topics[0]
		}
		if got := ask("a", false); got.ErrorCode != 3 {
			t.Errorf("auto %v, not asked for: error %d", auto, got.ErrorCode)
		}
		if got := ask("a", true); auto != (got.ErrorCode == 0 && len(got.Partitions) == 2) {
			t.Errorf("auto %v, asked for: error %d", auto, got.ErrorCode)
		}
		if got := ask("a/b", true); got.ErrorCode != 17 {
			t.Errorf("auto %v, a bad name: error %d", auto, got.ErrorCode)
		}
		if n := len(b.Topics()); (n == 1) != auto {
			t.Errorf("auto %v: %d topics", auto, n)
		}
	}
}

func TestAdvertisedAddress(t *testing.T) {
	for advertised, want := range map[string]string{"": "127.0.0.1", "10.1.2.3:9092": "10.1.2.3", "[::1]:9092": "::1", "kafka.example:0": "kafka.example"} {
		addr, _ := start(t, setup{server: kafka.Options{Advertised: advertised}})
		r := kmsg.NewPtrMetadataRequest()
		r.SetVersion(9)
		got := ask(t, addr, r).(*kmsg.MetadataResponse)
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(advertised, "9092") {
			port = "9092"
		}
		if b := got.Brokers[0]; b.Host != want || fmt.Sprint(b.Port) != port {
			t.Errorf("advertised %q: clients are told %s:%d", advertised, b.Host, b.Port)
		}
	}
}

func TestAnswersKeepTheOrderOfRequests(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	nc := dial(t, addr)
	var pipelined []byte
	waiting := fetchRequest(b, 12, "t", 1000, 1<<20)
	waiting.Topics[0].Partitions[0].FetchOffset = 0
	waiting.MinBytes = 1 << 30 // waits until its time is up
	pipelined = append(pipelined, frame(waiting, 0)...)
	for i := int32(1); i < 40; i++ {
		var r kmsg.Request = produceRequest(9, "t", plainBatch(t, fmt.Sprint(i)))
		if i%3 == 0 {
			r = kmsg.NewPtrApiVersionsRequest()
		}
		pipelined = append(pipelined, frame(r, i)...)
	}
	if _, err := nc.Write(pipelined); err != nil {
		t.Fatal(err)
	}
	for i := range int32(40) {
		if correlation, _ := receive(t, nc); correlation != i {
			t.Fatalf("answer %d is to request %d", i, correlation)
		}
	}
}

func TestBadFramesEndTheirConnectionAlone(t *testing.T) {
	var log lockedBuffer
	addr, _ := start(t, setup{server: kafka.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), MaxRequestBytes: 1000}})
	other := dial(t, addr)
	heartbeat := kmsg.NewPtrHeartbeatRequest()
	heartbeat.SetVersion(4)
	good := frame(heartbeat, 1)
	tests := []struct {
		name  string
		bytes []byte
		log   string
	}{
		{"a negative size", []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 9, 0, 0, 0, 0}, "size -1"},
		{"a size of nothing", []byte{0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0}, "size 1;"},
		{"an unknown key", []byte{0, 0, 0, 20, 0x77, 0, 0, 9, 0, 0, 0, 0}, "API key 30464"},
		{"a Produce too large", []byte{0, 0, 4, 0, 0, 0, 0, 9, 0, 0, 0, 0}, "Produce of 1024 bytes"},
		{"a Heartbeat too large", []byte{0, 1, 0, 1, 0, 12, 0, 4, 0, 0, 0, 0}, "Heartbeat of 65537 bytes"},
		{"a version not served", []byte{0, 0, 0, 10, 0, 12, 0, 9, 0, 0, 0, 0, 0xff, 0xff}, "Heartbeat version 9"},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "is not served"},
		{"a body cut short", append([]byte{0, 0, 0, byte(len(good) - 5)}, good[4:len(good)-1]...), "Heartbeat version 4 does not parse"},
		{"a Produce that does not parse", []byte{0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0, 0, 0xff, 0xff, 0, 0x99}, "Produce version 9 does not parse"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nc := dial(t, addr)
			if _, err := nc.Write(tt.bytes); err != nil {
				t.Fatal(err)
			}
			if n, err := nc.Read(make([]byte, 1)); n > 0 || err == nil {
				t.Fatal("the connection lives on")
			}
			for i := 0; !strings.Contains(log.String(), tt.log); i++ {
				if i == 500 {
					t.Fatalf("the log lacks %q: %s", tt.log, log.String())
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	if _, err := other.Write(good); err != nil {
		t.Fatal(err)
	}
	if correlation, _ := receive(t, other); correlation != 1 {
		t.Error("another connection suffered")
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// judge is a validator that panics, or refuses records by their values.
type judge struct{}

func (judge) Validate(_ context.Context, _ string, _ []broker.Demand, _ int, each func(func(int, batch.Record) bool) error) ([]broker.Rejection, error) {
	var bad []broker.Rejection
	err := each(func(i int, r batch.Record) bool {
		switch string(r.Value) {
		case "panic":
			panic("the judge lost its temper")
		case "bad":
			bad = append(bad, broker.Rejection{Index: i, Reason: "no schema id: use a schema-aware serializer"})
		}
		return true
	})
	return bad, err
}

func TestPanicEndsItsConnectionAlone(t *testing.T) {
	addr, _ := start(t, setup{broker: broker.Options{Validator: judge{}}})
	on := "true"
	makeTopic(t, addr, "t", 1, map[string]*string{"confluent.value.schema.validation": &on})
	nc := dial(t, addr)
	if _, err := nc.Write(frame(produceRequest(9, "t", plainBatch(t, "panic")), 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ends with %v", err)
	}
	if p := produceByHand(t, addr, 9, "t", plainBatch(t, "good")); p.ErrorCode != 0 || p.BaseOffset != 0 {
		t.Errorf("afterwards a good batch is answered with %d at %d", p.ErrorCode, p.BaseOffset)
	}
}

func TestRejectedRecordsAreToldToTheProducer(t *testing.T) {
	addr, _ := start(t, setup{broker: broker.Options{Validator: judge{}}})
	on := "true"
	makeTopic(t, addr, "t", 2, map[string]*string{"confluent.value.schema.validation": &on})
	for _, version := range []int16{3, 7, 8, 9, 12} {
		r := produceRequest(version, "t", plainBatch(t, "good", "bad", "good"))
		second := kmsg.NewProduceRequestTopicPartition()
		second.Partition, second.Records = 1, plainBatch(t, "good")
		r.Topics[0].Partitions = append(r.Topics[0].Partitions, second)
		got := ask(t, addr, r).(*kmsg.ProduceResponse).Topics[0].Partitions
		if got[0].ErrorCode != 87 || got[1].ErrorCode != 0 {
			t.Errorf("version %d: errors %d and %d, want 87 and 0", version, got[0].ErrorCode, got[1].ErrorCode)
		}
		if version < 8 {
			continue
		}
		if len(got[0].ErrorRecords) != 1 || got[0].ErrorRecords[0].RelativeOffset != 1 || !strings.HasPrefix(*got[0].ErrorRecords[0].ErrorMessage, "no schema id") ||
			!strings.Contains(*got[0].ErrorMessage, "record 1: no schema id") {
			t.Errorf("version %d: %+v", version, got[0])
		}
	}
}

func TestAcksOfNothingAreNotAnswered(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	nc := dial(t, addr)
	r := produceRequest(9, "t", plainBatch(t, "x"))
	r.Acks = 0
	if _, err := nc.Write(append(frame(r, 1), frame(kmsg.NewPtrApiVersionsRequest(), 2)...)); err != nil {
		t.Fatal(err)
	}
	if correlation, _ := receive(t, nc); correlation != 2 {
		t.Errorf("the first answer is to request %d", correlation)
	}
	topic, err := b.Topic("t")
	if err != nil {
		t.Fatal(err)
	}
	if bounds, err := topic.Partitions()[0].Bounds(); err != nil || bounds.End != 1 {
		t.Errorf("the partition ends at %d, %v", bounds.End, err)
	}
	r = produceRequest(9, "nowhere", plainBatch(t, "x"))
	r.Acks = 0
	if _, err := nc.Write(frame(r, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a failure is told by %v, want the end of the connection", err)
	}
	if p := produceWithAcks(t, addr, 2); p.ErrorCode != 21 {
		t.Errorf("acks=2 is answered with %d", p.ErrorCode)
	}
}

func produceWithAcks(t *testing.T, addr string, acks int16) kmsg.ProduceResponseTopicPartition {
	r := produceRequest(9, "t", plainBatch(t, "x"))
	r.Acks = acks
	return ask(t, addr, r).(*kmsg.ProduceResponse).Topics[0].Partitions[0]
}

func TestConnectionsAreBounded(t *testing.T) {
	addr, _ := start(t, setup{server: kafka.Options{MaxConnections: 1}})
	first := dial(t, addr)
	if _, err := first.Write(frame(kmsg.NewPtrApiVersionsRequest(), 1)); err != nil {
		t.Fatal(err)
	}
	receive(t, first)
	if _, err := dial(t, addr).Read(make([]byte, 1)); err == nil {
		t.Error("a second connection is served")
	}
	if _, err := first.Write(frame(kmsg.NewPtrApiVersionsRequest(), 2)); err != nil {
		t.Fatal(err)
	}
	receive(t, first)
}

func TestIdleAndSlowConnectionsAreDropped(t *testing.T) {
	addr, _ := start(t, setup{server: kafka.Options{IdleTimeout: 50 * time.Millisecond, ReadTimeout: 50 * time.Millisecond}})
	for name, sent := range map[string][]byte{"idle": nil, "half a header": {0, 0}, "half a request": {0, 0, 0, 100, 0, 18, 0, 0, 0, 0, 0, 1}} {
		nc := dial(t, addr)
		if _, err := nc.Write(sent); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdempotentProducerAgainstTheServer(t *testing.T) {
	addr, _ := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	c := client(t, addr, kgo.DefaultProduceTopic("t"), kgo.ProducerLinger(0))
	for i := range 2000 {
		c.Produce(deadline(t), kgo.StringRecord(fmt.Sprint(i)), func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := c.Flush(deadline(t)); err != nil {
		t.Fatal(err)
	}
	for i, r := range consume(t, client(t, addr, kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())), 2000) {
		if string(r.Value) != fmt.Sprint(i) || r.Offset != int64(i) {
			t.Fatalf("record %d is %s at %d", i, r.Value, r.Offset)
		}
	}
}

// A client that reads many partitions asks for and hears of only what changes (KIP-227).
func TestFetchSessionsOverTheWire(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "t", 2, nil)
	first := fetchRequest(b, 12, "t", 0, 1<<20)
	first.SessionEpoch = 0
	first.Topics[0].Partitions = append(first.Topics[0].Partitions, first.Topics[0].Partitions[0])
	first.Topics[0].Partitions[1].Partition = 1
	opened := ask(t, addr, first).(*kmsg.FetchResponse)
	if opened.SessionID == 0 || len(opened.Topics[0].Partitions) != 2 {
		t.Fatalf("session %d with %d topics", opened.SessionID, len(opened.Topics))
	}
	next := func(epoch int32) *kmsg.FetchResponse {
		r := fetchRequest(b, 12, "t", 0, 1<<20)
		r.SessionID, r.SessionEpoch, r.Topics = opened.SessionID, epoch, nil
		return ask(t, addr, r).(*kmsg.FetchResponse)
	}
	if r := next(1); r.ErrorCode != 0 || r.SessionID != opened.SessionID || len(r.Topics) != 0 {
		t.Fatalf("error %d, session %d, %d topics without news", r.ErrorCode, r.SessionID, len(r.Topics))
	}
	produceByHand(t, addr, 3, "t", plainBatch(t, "v"))
	r := next(2)
	if len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 1 || len(r.Topics[0].Partitions[0].RecordBatches) == 0 {
		t.Errorf("%+v", r.Topics)
	}
	if r := next(2); r.ErrorCode != 71 {
		t.Errorf("the same epoch again is answered with %d", r.ErrorCode)
	}
}
