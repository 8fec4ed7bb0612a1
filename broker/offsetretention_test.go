package broker_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/group"
)

// keeping is a broker that keeps offsets for a week, with a clock that is set by hand.
type keeping struct {
	*broker.Broker
	t    *testing.T
	now  time.Time
	logs *logtest.Memory
}

func newKeeping(t *testing.T) *keeping {
	k := &keeping{t: t, now: noon, logs: logtest.NewMemory()}
	k.start()
	create(t, k.Broker, "t", 2, nil)
	create(t, k.Broker, "u", 1, nil)
	return k
}

func (k *keeping) start() {
	k.Broker = open(k.t, broker.Options{Logs: k.logs, Clock: func() time.Time { return k.now }})
}

func (k *keeping) restart() {
	k.logs = k.logs.Reopen()
	k.start()
}

func (k *keeping) commit(member string, generation int32, topic string, partition int32) {
	k.t.Helper()
	err := k.CommitOffsets(k.t.Context(), broker.Commit{Group: "g", Member: member, Generation: generation, Offsets: []broker.Committed{
		{Topic: topic, Partition: partition, Offset: group.Offset{Offset: batch.Offset(1), CommittedAt: k.Now()}}}})
	if err != nil {
		k.t.Fatal(err)
	}
}

// joins makes the only member of the group, which reads a topic.
func (k *keeping) joins(topic string) (member string) {
	k.t.Helper()
	metadata := binary.BigEndian.AppendUint32([]byte{0, 0}, 1)
	metadata = append(binary.BigEndian.AppendUint16(metadata, uint16(len(topic))), topic...)
	j, err := k.JoinGroup(k.t.Context(), "g", group.Join{Session: time.Minute, Rebalance: time.Minute, ProtocolType: "consumer",
		Protocols: []group.Protocol{{Name: "range", Metadata: metadata}}})
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := k.SyncGroup(k.t.Context(), "g", group.Sync{Member: j.Member, Generation: j.Generation}); err != nil {
		k.t.Fatal(err)
	}
	return j.Member
}

// after lets time pass and retention look, and compares what is left.
func (k *keeping) after(d time.Duration, want string) {
	k.t.Helper()
	k.now = k.now.Add(d)
	k.Retain(k.t.Context())
	all, err := k.Offsets("g")
	if err != nil {
		k.t.Fatal(err)
	}
	var left []string
	for _, o := range all {
		left = append(left, fmt.Sprintf("%s/%d", o.Topic, o.Partition))
	}
	if got := strings.Join(left, " "); got != want {
		k.t.Errorf("%s after noon %q is left, want %q", k.now.Sub(noon), got, want)
	}
}

const week = 7 * 24 * time.Hour

func TestOffsetsOfAGroupWithoutMembersExpire(t *testing.T) {
	k := newKeeping(t)
	k.commit("", -1, "t", 0)
	k.after(24*time.Hour, "t/0")
	k.commit("", -1, "t", 1)
	k.after(week-24*time.Hour-time.Millisecond, "t/0 t/1")
	k.after(time.Millisecond, "t/1")
	k.after(24*time.Hour, "")
	if got := k.Groups(); len(got) != 0 {
		t.Errorf("groups %v are left", got)
	}
	k.restart()
	k.after(0, "")
}

func TestAWeekIsCountedFromTheLastMember(t *testing.T) {
	k := newKeeping(t)
	member := k.joins("t")
	k.commit(member, 1, "t", 0)
	k.after(2*week, "t/0")
	wantCode(t, k.LeaveGroup("g", member, ""), nil)
	k.after(week-time.Millisecond, "t/0")
	k.after(time.Millisecond, "")
}

func TestOffsetsThatNoMemberReadsExpire(t *testing.T) {
	k := newKeeping(t)
	member := k.joins("t")
	k.commit(member, 1, "t", 0)
	k.commit(member, 1, "u", 0)
	k.after(week-time.Millisecond, "t/0 u/0")
	k.after(time.Millisecond, "t/0")
}

func TestARestartProlongsTheWeek(t *testing.T) {
	k := newKeeping(t)
	k.commit("", -1, "t", 0)
	k.after(week-time.Hour, "t/0")
	k.restart()
	k.after(time.Hour, "t/0")
	k.after(week-time.Hour, "")
}
