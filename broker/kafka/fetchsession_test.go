package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const maxSessions = 1000

// sessionStory plays Fetches against the sessions of a server, whose partitions are set by hand.
type sessionStory struct {
	t        *testing.T
	server   *Server
	now      time.Time
	logs     map[string]fetched // by topic/index
	lastAsks string             // what the handler was asked for
}

func newSessionStory(t *testing.T) *sessionStory {
	s := &sessionStory{t: t, server: &Server{}, now: time.Unix(1000, 0), logs: make(map[string]fetched)}
	next := int32(0)
	s.server.sessions = newFetchSessions(maxSessions, func() time.Time { return s.now }, func() int32 { next++; return next })
	return s
}

// answer is the handler: it answers every partition in full.
func (s *sessionStory) answer(c *call) message {
	a := &fetchAnswer{version: c.version}
	var asks []string
	for _, t := range c.request.(*kmsg.FetchRequest).Topics {
		v := fetchTopic{name: t.Topic, id: t.TopicID}
		for _, p := range t.Partitions {
			f := s.logs[fmt.Sprintf("%s/%d", t.Topic, p.Partition)]
			f.index = p.Partition
			v.partitions = append(v.partitions, f)
			asks = append(asks, fmt.Sprintf("%s/%d@%d", t.Topic, p.Partition, p.FetchOffset))
		}
		a.topics = append(a.topics, v)
	}
	s.lastAsks = strings.Join(asks, " ")
	return a
}

// fetch asks for partitions written "t/0@5", and forgets those written "-t/0".
func (s *sessionStory) fetch(id, epoch int32, words ...string) *fetchAnswer {
	s.t.Helper()
	req := kmsg.NewPtrFetchRequest()
	req.SessionID, req.SessionEpoch = id, epoch
	for _, w := range words {
		var topic string
		var index int32
		var offset int64
		w, gone := strings.CutPrefix(w, "-")
		name, rest, _ := strings.Cut(w, "/")
		topic = name
		if _, err := fmt.Sscanf(rest+"@0", "%d@%d", &index, &offset); err != nil {
			s.t.Fatal(err)
		}
		if gone {
			req.ForgottenTopics = append(req.ForgottenTopics, kmsg.FetchRequestForgottenTopic{Topic: topic, Partitions: []int32{index}})
			continue
		}
		p := kmsg.FetchRequestTopicPartition{Partition: index, FetchOffset: offset}
		req.Topics = append(req.Topics, kmsg.FetchRequestTopic{Topic: topic, Partitions: []kmsg.FetchRequestTopicPartition{p}})
	}
	c := &call{server: s.server, version: 12, request: req}
	return c.inSession(s.answer).(*fetchAnswer)
}

// expect compares an answer, written "session 1: t/0 t/1", or as an error number.
func (s *sessionStory) expect(a *fetchAnswer, want string) {
	s.t.Helper()
	got := fmt.Sprint("error ", a.code)
	if a.code == none {
		got = fmt.Sprintf("session %d:", a.session)
		for f := range a.each {
			for _, t := range a.topics {
				for i := range t.partitions {
					if &t.partitions[i] == f {
						got += fmt.Sprintf(" %s/%d", t.name, f.index)
					}
				}
			}
		}
	}
	if got != want {
		s.t.Errorf("%q, want %q", got, want)
	}
}

func TestAnIncrementalFetchHoldsTheNews(t *testing.T) {
	s := newSessionStory(t)
	s.expect(s.fetch(0, 0, "a/0@0", "a/1@0", "b/0@0"), "session 1: a/0 a/1 b/0")
	s.expect(s.fetch(1, 1), "session 1:")
	if s.lastAsks != "a/0@0 a/1@0 b/0@0" {
		t.Errorf("asked for %q", s.lastAsks)
	}

	s.logs["a/1"] = fetched{size: 10, highWatermark: 5}
	s.expect(s.fetch(1, 2), "session 1: a/1")
	s.logs["a/1"] = fetched{highWatermark: 5}
	s.expect(s.fetch(1, 3, "a/1@5"), "session 1:")
	if s.lastAsks != "a/0@0 b/0@0 a/1@5" {
		t.Errorf("what had records is not behind the rest: %q", s.lastAsks)
	}

	s.logs["b/0"] = fetched{highWatermark: 7}
	s.expect(s.fetch(1, 4), "session 1: b/0")
	s.logs["b/0"] = fetched{highWatermark: 7, logStart: 3}
	s.expect(s.fetch(1, 5), "session 1: b/0")

	s.logs["b/0"] = fetched{code: offsetOutOfRange, highWatermark: 7, logStart: 3}
	s.expect(s.fetch(1, 6), "session 1: b/0")
	s.expect(s.fetch(1, 7), "session 1: b/0") // an error is always told
	s.logs["b/0"] = fetched{highWatermark: 7, logStart: 3}
	s.expect(s.fetch(1, 8), "session 1: b/0") // and so is its end
	s.expect(s.fetch(1, 9), "session 1:")
}

func TestPartitionsComeAndGo(t *testing.T) {
	s := newSessionStory(t)
	s.expect(s.fetch(0, 0, "a/0", "a/1"), "session 1: a/0 a/1")
	s.expect(s.fetch(1, 1, "-a/0", "b/0"), "session 1: b/0")
	s.expect(s.fetch(1, 2, "-c/9"), "session 1:")
	if s.lastAsks != "a/1@0 b/0@0" {
		t.Errorf("asked for %q", s.lastAsks)
	}
	s.expect(s.fetch(1, 3, "-a/1", "-b/0"), "session 0:") // nothing left: the session ends
	s.expect(s.fetch(1, 4), "error 70")
	if s.server.sessions.partitions != 0 {
		t.Errorf("%d partitions are still counted", s.server.sessions.partitions)
	}
}

func TestEpochsAreInOrder(t *testing.T) {
	s := newSessionStory(t)
	s.expect(s.fetch(0, 0, "a/0"), "session 1: a/0")
	s.expect(s.fetch(1, 2), "error 71")
	s.expect(s.fetch(2, 1), "error 70")
	s.expect(s.fetch(1, 1), "session 1:")
	s.expect(s.fetch(1, 1), "error 71")
	s.server.sessions.byID[1].epoch = 1<<31 - 1
	s.expect(s.fetch(1, 1<<31-1), "session 1:")
	s.expect(s.fetch(1, 1), "session 1:") // behind the largest comes 1

	s.expect(s.fetch(1, 0, "b/0"), "session 2: b/0") // a full one ends the session it names
	s.expect(s.fetch(1, 2), "error 70")
	s.expect(s.fetch(2, -1, "b/0"), "session 0: b/0")
	s.expect(s.fetch(2, 1), "error 70")
}

func TestASessionKeepsToTopicIDsOrNames(t *testing.T) {
	s := newSessionStory(t)
	s.expect(s.fetch(0, 0, "a/0"), "session 1: a/0")
	req := kmsg.NewPtrFetchRequest()
	req.SessionID, req.SessionEpoch = 1, 1
	c := &call{server: s.server, version: 13, request: req}
	s.expect(c.inSession(s.answer).(*fetchAnswer), "error 106")
}

func TestSessionsAreBounded(t *testing.T) {
	s := newSessionStory(t)
	for i := range int32(maxSessions) {
		s.expect(s.fetch(0, 0, "a/0"), fmt.Sprintf("session %d: a/0", i+1))
	}
	s.expect(s.fetch(0, 0, "a/0"), "session 0: a/0") // all are fresh
	s.now = s.now.Add(sessionIdle)
	s.expect(s.fetch(1, 1), "session 1:") // this one is used, the second is the oldest
	s.expect(s.fetch(0, 0, "a/0"), fmt.Sprintf("session %d: a/0", maxSessions+1))
	if all := s.server.sessions; len(all.byID) != maxSessions || all.byID[1] == nil {
		t.Errorf("%d sessions, the used one: %v", len(all.byID), all.byID[1] != nil)
	}

	s.server.sessions.partitions = maxSessionPartitions
	s.expect(s.fetch(1, 2, "b/0"), "session 0: b/0") // no room for one more: the session ends
	s.expect(s.fetch(1, 3), "error 70")
}
