package kafka

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// Fetch sessions (KIP-227): the server remembers which partitions a client reads, the client sends only what changes of them,
// and the answer holds only those with news. A session is used by one request at a time.

// Epochs of a Fetch that say something else than which request of the session it is.
const (
	firstEpoch = 0  // in full, and a session is wanted
	finalEpoch = -1 // in full, and none is
)

// Bounds of all sessions, beside their number: how long one is safe from being replaced (Kafka's
// min.incremental.fetch.session.eviction.ms), and the partitions, which Kafka does not bound, at some 200 bytes each.
const (
	sessionIdle          = 2 * time.Minute
	maxSessionPartitions = 200_000
)

// fetchSessions are the sessions of a server.
type fetchSessions struct {
	most int
	now  func() time.Time
	draw func() int32 // of ids

	mu         sync.Mutex
	byID       map[int32]*fetchSession
	partitions int // of them all
}

// fetchSession is what a client reads. Its fields but used, busy and epoch belong to the request that made it busy.
type fetchSession struct {
	id         int32
	epoch      int32 // of the request to come
	byTopicID  bool
	used       time.Time
	busy       bool
	partitions []*followed // the next to be read first
	spots      map[spot]*followed
}

// spot is a partition as requests name it: by the id of its topic from version 13 on, else by its name.
type spot struct {
	topic string
	id    broker.ID
	index int32
}

// followed is a partition of a session, with what its client was last told.
type followed struct {
	spot
	asked         kmsg.FetchRequestTopicPartition
	told          bool // the client knows the marks
	highWatermark int64
	logStart      int64
	gone, fed     bool // forgotten; had records in the last answer
}

func newFetchSessions(most int, now func() time.Time, draw func() int32) *fetchSessions {
	return &fetchSessions{most: most, now: now, draw: draw, byID: make(map[int32]*fetchSession)}
}

// inSession serves a Fetch as part of a session, if it is of one: next sees a request, and gives an answer, in full.
func (c *call) inSession(next func(*call) message) message {
	req, all := c.request.(*kmsg.FetchRequest), c.server.sessions
	if c.version < 7 {
		return next(c)
	}
	if req.SessionEpoch == firstEpoch || req.SessionEpoch == finalEpoch {
		all.end(req.SessionID)
		if req.SessionEpoch == finalEpoch {
			return next(c)
		}
		wanted := followedOf(req.Topics) // before a guard takes out what the client may not read
		a := next(c).(*fetchAnswer)
		if a.code == none && len(a.topics) > 0 {
			a.session = all.begin(c.version >= 13, wanted, a)
		}
		return a
	}
	s, code := all.enter(req.SessionID, req.SessionEpoch, c.version >= 13)
	if code != none {
		return &fetchAnswer{version: c.version, code: code}
	}
	defer all.leave(s)
	lives := all.resize(s, s.change(req))
	req.Topics, req.ForgottenTopics = s.inFull(), nil
	a := next(c).(*fetchAnswer)
	s.tell(a, true)
	if lives {
		a.session = s.id
	}
	return a
}

// followedOf lists the partitions of a request.
func followedOf(topics []kmsg.FetchRequestTopic) (all []*followed) {
	for i := range topics {
		t := &topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			f := &followed{spot: spot{topic: t.Topic, id: t.TopicID, index: p.Partition}, asked: *p}
			f.asked.UnknownTags = kmsg.Tags{} // which would keep the frame
			all = append(all, f)
		}
	}
	return all
}

// begin makes a session of what was asked for and answered, and returns its id; 0 if there is no room for it.
func (a *fetchSessions) begin(byTopicID bool, wanted []*followed, answer *fetchAnswer) int32 {
	s := &fetchSession{epoch: 1, byTopicID: byTopicID, spots: make(map[spot]*followed, len(wanted))}
	for _, f := range wanted {
		if s.spots[f.spot] == nil {
			s.spots[f.spot] = f
			s.partitions = append(s.partitions, f)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s.used = a.now()
	if !a.makeRoom(len(s.partitions), s.used) {
		return 0
	}
	for s.id <= 0 || a.byID[s.id] != nil {
		s.id = a.draw()
	}
	a.byID[s.id] = s
	a.partitions += len(s.partitions)
	s.tell(answer, false)
	return s.id
}

// makeRoom ends the session that was longest unused, if it was for long, when there are too many. The caller holds a.mu.
func (a *fetchSessions) makeRoom(partitions int, now time.Time) bool {
	for len(a.byID) >= a.most || a.partitions+partitions > maxSessionPartitions {
		var oldest *fetchSession
		for _, s := range a.byID {
			if !s.busy && (oldest == nil || s.used.Before(oldest.used)) {
				oldest = s
			}
		}
		if oldest == nil || now.Sub(oldest.used) < sessionIdle {
			return false
		}
		a.remove(oldest)
	}
	return true
}

// remove forgets a session. The caller holds a.mu.
func (a *fetchSessions) remove(s *fetchSession) {
	delete(a.byID, s.id)
	a.partitions -= len(s.partitions)
}

// end forgets a session, if there is one of the id. One that is in use goes when its request is done.
func (a *fetchSessions) end(id int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.byID[id]; s != nil {
		if s.busy {
			s.epoch = finalEpoch
			return
		}
		a.remove(s)
	}
}

// enter gives the session to a request, which must be the next one of it.
func (a *fetchSessions) enter(id, epoch int32, byTopicID bool) (*fetchSession, int16) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.byID[id]
	switch {
	case s == nil:
		return nil, fetchSessionNotFound
	case s.busy, s.epoch != epoch:
		return nil, invalidFetchSessionEpoch
	case s.byTopicID != byTopicID:
		return nil, fetchSessionTopicID
	}
	s.busy = true
	if s.epoch++; s.epoch <= 0 { // after the largest number comes 1
		s.epoch = 1
	}
	return s, none
}

// leave gives the session back.
func (a *fetchSessions) leave(s *fetchSession) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.busy, s.used = false, a.now()
	if s.epoch == finalEpoch {
		a.remove(s)
	}
}

// resize counts partitions that were added to a session, or taken out of it. One that is empty now, or for which there is no room
// any more, ends with the request: resize reports false, and its client is told by an answer without a session.
func (a *fetchSessions) resize(s *fetchSession, by int) (lives bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.partitions += by
	if len(s.partitions) == 0 || (by > 0 && a.partitions > maxSessionPartitions) {
		s.epoch = finalEpoch
	}
	return s.epoch != finalEpoch
}

// change takes over what a request says of the session, and returns by how many partitions it grew.
func (s *fetchSession) change(req *kmsg.FetchRequest) (grown int) {
	before := len(s.partitions)
	for _, f := range followedOf(req.Topics) {
		old := s.spots[f.spot]
		if old == nil {
			s.spots[f.spot] = f
			s.partitions = append(s.partitions, f)
			continue
		}
		old.asked = f.asked
	}
	for i := range req.ForgottenTopics {
		t := &req.ForgottenTopics[i]
		for _, index := range t.Partitions {
			at := spot{topic: t.Topic, id: t.TopicID, index: index}
			if f := s.spots[at]; f != nil {
				f.gone = true
				delete(s.spots, at)
			}
		}
	}
	s.sort()
	return len(s.partitions) - before
}

// sort drops what is gone and puts what was fed behind the rest, so that busy partitions do not starve the others.
func (s *fetchSession) sort() {
	rest, fed := s.partitions[:0:0], []*followed(nil)
	for _, f := range s.partitions {
		switch {
		case f.gone:
		case f.fed:
			f.fed = false
			fed = append(fed, f)
		default:
			rest = append(rest, f)
		}
	}
	s.partitions = append(rest, fed...)
}

// inFull writes the session as the topics of a request.
func (s *fetchSession) inFull() []kmsg.FetchRequestTopic {
	all := make([]kmsg.FetchRequestTopic, 0, len(s.partitions))
	partitions := make([]kmsg.FetchRequestTopicPartition, len(s.partitions))
	for i, f := range s.partitions {
		partitions[i] = f.asked
		last := len(all) - 1
		if last < 0 || all[last].Topic != f.topic || all[last].TopicID != f.id {
			t := kmsg.NewFetchRequestTopic()
			t.Topic, t.TopicID = f.topic, f.id
			all = append(all, t)
			last++
		}
		n := len(all[last].Partitions)
		all[last].Partitions = partitions[i-n : i+1 : i+1]
	}
	return all
}

// tell notes what an answer says, and, if only news is asked for, takes the partitions without any out of it: those that have
// neither records nor an error nor other marks than last time.
func (s *fetchSession) tell(a *fetchAnswer, onlyNews bool) {
	topics := a.topics[:0]
	for i := range a.topics {
		t := a.topics[i]
		kept := t.partitions[:0]
		for j := range t.partitions {
			p := t.partitions[j]
			f := s.spots[spot{topic: t.name, id: t.id, index: p.index}]
			if f == nil || f.hears(&p) || !onlyNews {
				kept = append(kept, p)
			}
		}
		if t.partitions = kept; len(kept) > 0 {
			topics = append(topics, t)
		}
	}
	a.topics = topics
}

// hears notes what is said of the partition, and reports whether it is news.
func (f *followed) hears(p *fetched) bool {
	if p.code != none {
		f.told = false // whatever comes after the error is news
		return true
	}
	news := p.size > 0 || !f.told || p.highWatermark != f.highWatermark || p.logStart != f.logStart
	f.told, f.highWatermark, f.logStart, f.fed = true, p.highWatermark, p.logStart, p.size > 0
	return news
}
