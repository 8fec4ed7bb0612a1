package group_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// A script is paragraphs of commands, a line of dashes, and what they print. Arguments are name=value.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			playScript(t, name, &script{t: t, g: group.New(group.Options{MinSession: time.Second, MaxSession: time.Minute})})
		})
	}
}

// stage is a machine that scripts can be played on.
type stage interface {
	run(line string)
	results() *[]string // of the lines run
	state() string
}

func (s *script) results() *[]string { return &s.out }
func (s *script) state() string      { return s.g.State().String() }

func playScript(t *testing.T, name string, s stage) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, paragraph := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		command, _, _ := strings.Cut(paragraph, "\n---\n")
		if i > 0 {
			out.WriteString("\n")
		}
		*s.results() = nil
		for line := range strings.Lines(command) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				s.run(line)
			}
		}
		fmt.Fprintf(&out, "%s\n---\n%s\n", command, strings.Join(append(*s.results(), "state "+s.state()), "\n"))
	}
	if *update {
		if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), out.String()); diff != "" {
		t.Errorf("output differs (-want +got):\n%s", diff)
	}
}

type script struct {
	t   *testing.T
	g   *group.Group
	out []string
}

type args map[string]string

func (a args) duration(t *testing.T, name string, otherwise time.Duration) time.Duration {
	if a[name] == "" {
		return otherwise
	}
	d, err := time.ParseDuration(a[name])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (a args) number(t *testing.T, name string, otherwise int) int {
	if a[name] == "" {
		return otherwise
	}
	n, err := strconv.Atoi(a[name])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *script) say(format string, a ...any) { s.out = append(s.out, fmt.Sprintf(format, a...)) }

// parse takes a line apart into the command and its arguments.
func parse(line string) (string, args) {
	fields := strings.Fields(line)
	a := args{}
	for _, f := range fields[1:] {
		name, value, _ := strings.Cut(f, "=")
		a[name] = value
	}
	return fields[0], a
}

func (s *script) run(line string) {
	name, a := parse(line)
	commands := map[string]func(args){
		"options": s.options, "join": s.join, "sync": s.sync, "heartbeat": s.heartbeat, "leave": s.leave, "expire": s.expire,
		"abandon": s.abandon, "commit": s.commit, "offsets": s.offsets, "forget": s.forget, "describe": s.describe, "delete": s.delete,
	}
	command := commands[name]
	if command == nil {
		s.t.Fatalf("unknown command %q", line)
	}
	command(a)
}

func (s *script) options(a args) {
	s.g = group.New(group.Options{MinSession: time.Second, MaxSession: time.Minute,
		InitialDelay: a.duration(s.t, "delay", 0), MaxSize: a.number(s.t, "size", 0)})
}

func (s *script) join(a args) {
	j := group.Join{Ticket: group.Ticket(a.number(s.t, "ticket", 0)), Member: a["member"], NewMember: a["new"], Instance: a["instance"],
		Client: "client", Host: "/127.0.0.1", Session: a.duration(s.t, "session", 10*time.Second),
		Rebalance: a.duration(s.t, "rebalance", 20*time.Second), ProtocolType: "consumer", RequireID: a["require"] != "", SkipAssignment: a["skip"] != ""}
	if a["type"] != "" {
		j.ProtocolType = a["type"]
	}
	protocols := a["protocols"]
	if protocols == "" {
		protocols = "range"
	}
	for p := range strings.SplitSeq(protocols, ",") {
		name, metadata, _ := strings.Cut(p, ":")
		j.Protocols = append(j.Protocols, group.Protocol{Name: name, Metadata: []byte(metadata)})
	}
	s.effects(s.g.Join(j))
}

func (s *script) sync(a args) {
	y := group.Sync{Ticket: group.Ticket(a.number(s.t, "ticket", 0)), Member: a["member"], Instance: a["instance"],
		Generation: int32(a.number(s.t, "generation", 1)), ProtocolType: a["type"], Protocol: a["protocol"], Assignments: map[string][]byte{}}
	if a["assign"] != "" {
		for p := range strings.SplitSeq(a["assign"], ",") {
			member, assignment, _ := strings.Cut(p, ":")
			y.Assignments[member] = []byte(assignment)
		}
	}
	s.effects(s.g.Sync(y))
}

func (s *script) heartbeat(a args) {
	s.outcome(s.g.Heartbeat(a["member"], a["instance"], int32(a.number(s.t, "generation", 1))))
}

func (s *script) leave(a args) { s.outcome(s.g.Leave(a["member"], a["instance"])) }

func (s *script) outcome(effects []group.Effect, err error) {
	s.say("%s", outcome(err))
	s.effects(effects)
}

func (s *script) expire(a args) {
	kinds := map[string]group.TimerKind{"session": group.Session, "pending": group.Pending, "rebalance": group.Rebalance, "syncing": group.Syncing}
	s.effects(s.g.Expire(group.Timer{Kind: kinds[a["timer"]], Member: a["member"]}))
}

func (s *script) abandon(a args) {
	s.effects(s.g.Abandon(group.Ticket(a.number(s.t, "ticket", 0))))
}

func (s *script) commit(a args) {
	effects, err := s.g.MayCommit(a["member"], a["instance"], int32(a.number(s.t, "generation", -1)))
	s.outcome(effects, err)
	if err == nil {
		s.g.Commit(a["topic"], int32(a.number(s.t, "partition", 0)), group.Offset{Offset: batch.Offset(a.number(s.t, "offset", 0)),
			LeaderEpoch: -1, Metadata: a["metadata"], Position: batch.Offset(a.number(s.t, "position", 0))})
	}
}

func (s *script) offsets(args) {
	for _, topic := range s.g.Topics() {
		for _, p := range s.g.Partitions(topic) {
			o, _ := s.g.Committed(topic, p)
			s.say("%s-%d at %d %q", topic, p, o.Offset, o.Metadata)
		}
	}
}

func (s *script) forget(a args) {
	err := s.g.MayForget(a["topic"])
	s.say("%s", outcome(err))
	if err == nil {
		s.g.Forget(a["topic"], int32(a.number(s.t, "partition", 0)))
	}
}

func (s *script) describe(args) {
	d := s.g.Describe()
	s.say("type %q protocol %q", d.ProtocolType, d.Protocol)
	for _, m := range d.Members {
		s.say("member %s instance %q client %s%s metadata %q assignment %q", m.ID, m.Instance, m.Client, m.Host, m.Metadata, m.Assignment)
	}
}

func (s *script) delete(args) { s.say("%s", outcome(s.g.Delete())) }

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.CodeOf(err).Name()
}

func (s *script) effects(effects []group.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case group.JoinReply:
			s.joinReply(e)
		case group.SyncReply:
			s.say("-> sync %d: %s assignment %q", e.Ticket, outcome(e.Err), e.Synced.Assignment)
		case group.Arm:
			s.say("-> arm %s %s", timer(e.Timer), e.After)
		case group.Disarm:
			s.say("-> disarm %s", timer(e.Timer))
		}
	}
}

func (s *script) joinReply(r group.JoinReply) {
	j := r.Joined
	if r.Err != nil {
		s.say("-> join %d: %s member %q", r.Ticket, outcome(r.Err), j.Member)
		return
	}
	line := fmt.Sprintf("-> join %d: generation %d protocol %s leader %s member %s", r.Ticket, j.Generation, j.Protocol, j.Leader, j.Member)
	if j.SkipAssignment {
		line += " skip"
	}
	for _, m := range j.Members {
		line += fmt.Sprintf(" [%s %s%s]", m.Member, m.Instance, m.Metadata)
	}
	s.say("%s", line)
}

func timer(t group.Timer) string {
	return strings.TrimSpace([...]string{"session", "pending", "rebalance", "syncing"}[t.Kind] + " " + t.Member)
}

func TestSubscribedTopicsAreGuarded(t *testing.T) {
	subscription := func(topics ...string) []byte {
		b := []byte{0, 1, 0, 0, 0, byte(len(topics))}
		for _, topic := range topics {
			b = append(append(b, 0, byte(len(topic))), topic...)
		}
		return b
	}
	tests := []struct {
		name     string
		metadata []byte
		kind     string
		want     error
	}{
		{"another topic", subscription("a", "b"), "consumer", nil},
		{"read by a member", subscription("a", "orders"), "consumer", group.ErrSubscribed},
		{"cut short", subscription("a", "b")[:9], "consumer", group.ErrSubscribed},
		{"empty", nil, "consumer", group.ErrSubscribed},
		{"not a consumer", subscription("a"), "connect", group.ErrNotEmpty},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := group.New(group.Options{})
			g.Join(group.Join{Ticket: 1, NewMember: "m", ProtocolType: tt.kind, Protocols: []group.Protocol{{Name: "range", Metadata: tt.metadata}}})
			if err := g.MayForget("orders"); fault.CodeOf(err) != fault.CodeOf(tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
