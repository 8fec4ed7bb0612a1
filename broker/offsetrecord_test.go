package broker

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/group"
)

// Kafka's tools read what is written here, and what Kafka wrote is read here.
func TestOffsetRecordsAreKafkas(t *testing.T) {
	o := group.Offset{Offset: 1 << 40, LeaderEpoch: 7, Metadata: "näher", CommittedAt: 1_700_000_000_000}
	var key kmsg.OffsetCommitKey
	if err := key.ReadFrom(appendOffsetKey(nil, "g", "t", 3)); err != nil || key.Version != 1 || key.Group != "g" || key.Topic != "t" || key.Partition != 3 {
		t.Errorf("kmsg reads the key as %+v, %v", key, err)
	}
	var value kmsg.OffsetCommitValue
	if err := value.ReadFrom(appendOffsetValue(nil, o)); err != nil || value.Version != 3 || value.Offset != 1<<40 || value.LeaderEpoch != 7 || value.Metadata != "näher" || value.CommitTimestamp != 1_700_000_000_000 {
		t.Errorf("kmsg reads the value as %+v, %v", value, err)
	}
	for version := int16(0); version <= 3; version++ {
		value.Version = version
		want := o
		if version < 3 {
			want.LeaderEpoch = -1
		}
		got, err := parseOffsetValue(value.AppendTo(nil))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("version %d is read as %+v, %v", version, got, err)
		}
	}
	if _, _, _, err := parseOffsetKey([]byte{0, 2, 0, 1, 'g'}); !errors.Is(err, errOtherKey) {
		t.Errorf("a key of group metadata: %v", err)
	}
}

func TestJavaHash(t *testing.T) {
	for s, want := range map[string]int32{"": 0, "a": 97, "hello": 99162322, "my-consumer-group": javaHashSlow("my-consumer-group"), "ü": 252, "😀": 55357*31 + 56832} {
		if got := javaHash(s); got != want {
			t.Errorf("hash of %q is %d, want %d", s, got, want)
		}
	}
}

// javaHashSlow is the definition in Java's documentation, for one-byte characters: s[0]*31^(n-1) + ... + s[n-1].
func javaHashSlow(s string) int32 {
	var h int32
	for i := range len(s) {
		power := int32(1)
		for range len(s) - 1 - i {
			power *= 31
		}
		h += int32(s[i]) * power
	}
	return h
}

func FuzzOffsetRecords(f *testing.F) {
	f.Add(appendOffsetKey(nil, "group", "topic", 1), appendOffsetValue(nil, group.Offset{Offset: 5, Metadata: "m"}))
	f.Add([]byte{0, 1, 0x7f, 0xff}, []byte{0, 3})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if id, topic, partition, err := parseOffsetKey(key); err == nil {
			again := appendOffsetKey(nil, id, topic, partition)
			if id2, topic2, partition2, err := parseOffsetKey(again); err != nil || id2 != id || topic2 != topic || partition2 != partition {
				t.Errorf("key %x changes: %v", key, err)
			}
		}
		if o, err := parseOffsetValue(value); err == nil {
			if again, err := parseOffsetValue(appendOffsetValue(nil, o)); err != nil || !cmp.Equal(o, again) {
				t.Errorf("value %x changes: %v", value, err)
			}
		}
	})
}

func TestBoundOfDecompression(t *testing.T) {
	if got := expanded(1<<20, 128); got != 128<<20 {
		t.Errorf("a batch of 1 MiB may unpack to %d bytes", got)
	}
	if got := expanded(10, 128); got < 1<<20-128 {
		t.Errorf("a small batch may unpack to %d bytes only", got)
	}
	if got := expanded(1<<31-1, 1000); got <= 0 {
		t.Errorf("the bound overflows: %d", got)
	}
}
