package group_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker/group"
)

// The scripts of the protocol of KIP-848. The id of a topic is its name, and a partition is written topic:number.
func TestConsumersScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/consumers/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			s := &consumersScript{script: &script{t: t}}
			s.options(args{})
			playScript(t, name, s)
		})
	}
}

type consumersScript struct {
	*script
	c      *group.Consumers
	topics *group.Catalog
}

func (s *consumersScript) results() *[]string { return &s.out }
func (s *consumersScript) state() string      { return s.c.State() }

func (s *consumersScript) run(line string) {
	name, a := parse(line)
	commands := map[string]func(args){"options": s.options, "topics": s.catalog, "beat": s.beat, "expire": s.expire, "commit": s.commit,
		"fetch": s.fetch, "forget": s.forget, "describe": s.describe}
	command := commands[name]
	if command == nil {
		s.t.Fatalf("unknown command %q", line)
	}
	command(a)
}

func (s *consumersScript) options(a args) {
	s.c = group.NewConsumers(group.ConsumerOptions{Session: 45 * time.Second, Heartbeat: 5 * time.Second, MaxSize: a.number(s.t, "size", 0)})
	s.topics = group.NewCatalog(nil)
}

func topicID(name string) (id group.TopicID) {
	copy(id[:], name)
	return id
}

func (s *consumersScript) catalog(a args) {
	var topics []group.Topic
	for name := range a {
		id := topicID(name)
		id[15] = a[name][len(a[name])-1] // a topic made again with a mark behind its number of partitions has another id
		if id[15] >= '0' && id[15] <= '9' {
			id[15] = 0
		}
		n := args{name: strings.TrimRight(a[name], "abc")}.number(s.t, name, 0)
		topics = append(topics, group.Topic{Name: name, ID: id, Partitions: int32(n)})
	}
	s.topics = group.NewCatalog(topics)
}

// list reads a comma-separated list; "none" is an empty one, and one that is not there is nil.
func list(text string) []string {
	switch text {
	case "":
		return nil
	case "none":
		return []string{}
	}
	return strings.Split(text, ",")
}

func (s *consumersScript) places(text string) (all []group.Place) {
	names := list(text)
	if names != nil {
		all = []group.Place{}
	}
	for _, name := range names {
		topic, n, _ := strings.Cut(name, ":")
		all = append(all, group.Place{Topic: topicID(topic), Partition: int32(args{"n": n}.number(s.t, "n", 0))})
	}
	return all
}

func show(all []group.Place) string {
	var b strings.Builder
	for _, p := range all {
		fmt.Fprintf(&b, " %s:%d", strings.ReplaceAll(string(p.Topic[:]), "\x00", ""), p.Partition)
	}
	return b.String()
}

func (s *consumersScript) beat(a args) {
	b := group.Beat{Member: a["member"], NewMember: a["new"], Epoch: int32(a.number(s.t, "epoch", 0)), Instance: a["instance"], Client: "client",
		Host: "/127.0.0.1", Rebalance: a.duration(s.t, "rebalance", -1), Names: list(a["names"]), Assignor: a["assignor"], Owned: s.places(a["owned"])}
	if regex, ok := a["regex"]; ok {
		b.Regex = &regex
	}
	if b.Epoch == 0 && a["bare"] == "" {
		if b.Rebalance < 0 {
			b.Rebalance = time.Minute
		}
		if b.Owned == nil {
			b.Owned = []group.Place{}
		}
	}
	standing, effects, err := s.c.Heartbeat(b, s.topics)
	switch {
	case err != nil:
		s.say("%s", outcome(err))
	case standing.Told:
		s.say("%s epoch %d assigned%s", standing.Member, standing.Epoch, show(standing.Assignment))
	default:
		s.say("%s epoch %d", standing.Member, standing.Epoch)
	}
	for _, e := range effects {
		if arm, ok := e.(group.Arm); ok && arm.Timer.Kind == group.Session {
			continue // with every beat
		}
		s.effects([]group.Effect{e})
	}
}

func (s *consumersScript) expire(a args) {
	kinds := map[string]group.TimerKind{"session": group.Session, "rebalance": group.Rebalance}
	s.effects(s.c.Expire(group.Timer{Kind: kinds[a["timer"]], Member: a["member"]}))
}

func (s *consumersScript) commit(a args) {
	s.say("%s", outcome(s.c.MayCommit(a["member"], int32(a.number(s.t, "epoch", -1)), s.places(a["places"]))))
}

func (s *consumersScript) fetch(a args) {
	s.say("%s", outcome(s.c.MayFetch(a["member"], int32(a.number(s.t, "epoch", -1)))))
}

func (s *consumersScript) forget(a args) { s.say("%s", outcome(s.c.MayForget(a["topic"]))) }

func (s *consumersScript) describe(args) {
	p := s.c.Portray()
	s.say("epoch %d target %d assignor %s", p.Epoch, p.TargetEpoch, p.Assignor)
	for _, m := range p.Members {
		s.say("member %s instance %q client %s%s epoch %d names %v regex %q assigned%s target%s", m.ID, m.Instance, m.Client, m.Host,
			m.Epoch, m.Names, m.Regex, show(m.Assignment), show(m.Target))
	}
}

// Members come, go, fall silent, lose answers and change what they read, in thousands of orders. At no time do two hold one
// partition, and when all is quiet everything is assigned, evenly where all read the same.
func TestNoPartitionHasTwoOwners(t *testing.T) {
	for seed := range uint64(150) {
		w := &world{t: t, r: rand.New(rand.NewPCG(seed, 848)), seed: seed, c: group.NewConsumers(group.ConsumerOptions{}),
			members: map[string]*modelMember{}, sizes: map[string]int32{"a": 7, "b": 3, "c": 5}}
		w.publish()
		for range 200 {
			w.step()
		}
		w.settle()
	}
}

// modelMember is what a client believes.
type modelMember struct {
	epoch int32
	owns  map[group.Place]bool
	names []string
	regex *string
}

type world struct {
	t       *testing.T
	r       *rand.Rand
	seed    uint64
	c       *group.Consumers
	topics  *group.Catalog
	sizes   map[string]int32
	members map[string]*modelMember
	made    int
}

func (w *world) publish() {
	var all []group.Topic
	for name, n := range w.sizes {
		all = append(all, group.Topic{Name: name, ID: topicID(name), Partitions: n})
	}
	w.topics = group.NewCatalog(all)
}

func (w *world) any() (string, *modelMember) {
	ids := make([]string, 0, len(w.members))
	for id := range w.members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return "", nil
	}
	id := ids[w.r.IntN(len(ids))]
	return id, w.members[id]
}

func (w *world) step() {
	id, m := w.any()
	switch n := w.r.IntN(20); {
	case m == nil || n == 0 && len(w.members) < 8:
		w.made++
		w.members[fmt.Sprintf("m%02d", w.made)] = &modelMember{names: w.names()}
	case n == 1:
		w.c.Heartbeat(group.Beat{Member: id, Epoch: group.LeaveEpoch}, w.topics)
		delete(w.members, id)
	case n == 2:
		w.c.Expire(group.Timer{Kind: group.Session, Member: id})
		m.owns = nil // a client whose session ends stops reading
	case n == 3:
		w.c.Expire(group.Timer{Kind: group.Rebalance, Member: id})
		if !slices.ContainsFunc(w.c.Portray().Members, func(o group.Consumer) bool { return o.ID == id }) {
			m.owns = nil
		}
	case n == 4:
		m.names = w.names()
	case n == 5:
		w.sizes["abcd"[w.r.IntN(4):][:1]] = int32(1 + w.r.IntN(9))
		w.publish()
	case n == 6:
		regex := []string{"[ab]", ".*", "c|d", ""}[w.r.IntN(4)]
		m.regex = &regex
	default:
		w.beat(id, m, w.r.IntN(8) == 0)
	}
}

func (w *world) names() []string {
	if w.r.IntN(2) == 0 {
		return []string{"a", "b", "c"}
	}
	return []string{"abcd"[w.r.IntN(4):][:1], "a"}
}

// beat is a whole heartbeat, of which the answer may be lost.
func (w *world) beat(id string, m *modelMember, lost bool) {
	b := group.Beat{Member: id, Epoch: m.epoch, Rebalance: time.Minute, Names: m.names, Regex: m.regex, Owned: []group.Place{}}
	for p := range m.owns {
		b.Owned = append(b.Owned, p)
	}
	s, _, err := w.c.Heartbeat(b, w.topics)
	w.check()
	switch {
	case lost:
	case err != nil:
		m.epoch, m.owns = group.JoinEpoch, nil
	default:
		m.epoch = s.Epoch
		if s.Told {
			m.owns = make(map[group.Place]bool)
			for _, p := range s.Assignment {
				m.owns[p] = true
			}
		}
	}
	w.check()
}

// check looks for a partition that two members may read: by what the machine says, and by what the clients believe.
func (w *world) check() {
	holds, believes := map[group.Place]string{}, map[group.Place]string{}
	for _, m := range w.c.Portray().Members {
		for _, p := range m.Assignment {
			if other := holds[p]; other != "" {
				w.t.Fatalf("seed %d: %s and %s hold%s", w.seed, m.ID, other, show([]group.Place{p}))
			}
			holds[p] = m.ID
		}
	}
	for id, m := range w.members {
		for p := range m.owns {
			if other := believes[p]; other != "" {
				w.t.Fatalf("seed %d: %s and %s read%s", w.seed, id, other, show([]group.Place{p}))
			}
			believes[p] = id
		}
	}
}

// settle lets everybody beat until nothing moves, and looks at the result.
func (w *world) settle() {
	for range 20 {
		for id, m := range w.members {
			w.beat(id, m, false)
		}
	}
	if state := w.c.State(); state != "Stable" && len(w.members) > 0 {
		w.t.Fatalf("seed %d: the group is %s", w.seed, state)
	}
	assigned := 0
	least, most := 1<<30, 0
	for _, m := range w.c.Portray().Members {
		assigned += len(m.Assignment)
		if !slices.Equal(m.Assignment, m.Target) {
			w.t.Fatalf("seed %d: %s holds%s, not%s", w.seed, m.ID, show(m.Assignment), show(m.Target))
		}
		least, most = min(least, len(m.Assignment)), max(most, len(m.Assignment))
	}
	want, same := 0, true
	for name, n := range w.sizes {
		readers := 0
		for _, m := range w.members {
			if m.reads(name) {
				readers++
			}
		}
		same = same && (readers == 0 || readers == len(w.members))
		if readers > 0 {
			want += int(n)
		}
	}
	if assigned != want {
		w.t.Fatalf("seed %d: %d partitions are assigned of %d", w.seed, assigned, want)
	}
	if same && len(w.members) > 0 && most > least+1 {
		w.t.Fatalf("seed %d: one member has %d partitions, another %d", w.seed, most, least)
	}
}

func (m *modelMember) reads(topic string) bool {
	return slices.Contains(m.names, topic) || m.regex != nil && regexp.MustCompile("^("+*m.regex+")$").MatchString(topic)
}

// A change of members moves no more partitions than it must.
func TestUniformMovesLittle(t *testing.T) {
	topics := group.NewCatalog([]group.Topic{{Name: "t", ID: topicID("t"), Partitions: 100}, {Name: "u", ID: topicID("u"), Partitions: 20}})
	c := group.NewConsumers(group.ConsumerOptions{})
	targets := func() map[string][]group.Place {
		all := map[string][]group.Place{}
		for _, m := range c.Portray().Members {
			all[m.ID] = m.Target
		}
		return all
	}
	beat := func(id string, epoch int32) {
		if _, _, err := c.Heartbeat(group.Beat{Member: id, Epoch: epoch, Rebalance: time.Minute, Names: []string{"t", "u"}, Owned: []group.Place{}}, topics); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		beat(id, group.JoinEpoch)
	}
	before := targets()
	beat("e", group.JoinEpoch)
	after := targets()
	for id, all := range after {
		if len(all) != 24 {
			t.Errorf("%s has %d of 120 partitions among five", id, len(all))
		}
		for _, p := range all {
			if id != "e" && !slices.Contains(before[id], p) {
				t.Errorf("%s is given%s, which another had", id, show([]group.Place{p}))
			}
		}
	}
	beat("b", group.LeaveEpoch)
	beat("e", group.JoinEpoch)
	for id, all := range targets() {
		for _, p := range after[id] {
			if !slices.Contains(all, p) {
				t.Errorf("%s loses%s although a member left", id, show([]group.Place{p}))
			}
		}
		if len(all) != 30 {
			t.Errorf("%s has %d of 120 partitions among four", id, len(all))
		}
	}
}
