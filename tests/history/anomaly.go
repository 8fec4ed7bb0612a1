package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind names a rule that was broken. The names are Jepsen's where it has the rule.
type Kind string

// The kinds of anomalies.
const (
	LostWrite           Kind = "lost-write"            // acknowledged, passed by a reader, and read by nobody
	Unseen              Kind = "unseen"                // acknowledged, and no reader came to it
	InconsistentOffsets Kind = "inconsistent-offsets"  // two records at one offset, or one in another partition than it was sent to
	Duplicate           Kind = "duplicate"             // one record at two offsets
	AbortedRead         Kind = "aborted-read"          // of a record that was refused, or whose transaction was aborted (Jepsen: G1a)
	DirtyRead           Kind = "dirty-read"            // of a transaction that nobody had asked to commit (Jepsen: precommitted read)
	Phantom             Kind = "phantom"               // a record that nobody sent, or had sent by then
	TornTransaction     Kind = "torn-transaction"      // a part of it has taken effect
	PollSkip            Kind = "poll-skip"             // a reader left out between two polls what others read
	IntPollSkip         Kind = "int-poll-skip"         // a reader left out within a poll what others read
	NonmonotonicPoll    Kind = "nonmonotonic-poll"     // a reader went back between two polls
	IntNonmonotonicPoll Kind = "int-nonmonotonic-poll" // a reader went back within a poll
	NonmonotonicSend    Kind = "nonmonotonic-send"     // the log has records in another order than they were sent one after the other
	IntNonmonotonicSend Kind = "int-nonmonotonic-send" // the same, within a transaction
	LostCommit          Kind = "lost-commit"           // a group's offset is none that it can be
	Reprocessed         Kind = "reprocessed"           // two committed records were made from one
	Unprocessed         Kind = "unprocessed"           // a group's committed offset has passed a record that nothing was made from
)

// Anomaly is one thing that cannot be.
type Anomaly struct {
	Kind   Kind
	Detail string
}

func (a Anomaly) String() string { return string(a.Kind) + ": " + a.Detail }

// anomalies gathers what a check finds.
type anomalies []Anomaly

func (a *anomalies) add(k Kind, format string, args ...any) {
	*a = append(*a, Anomaly{k, fmt.Sprintf(format, args...)})
}

// sorted orders anomalies by their texts, so that they do not hang on the order of maps.
func (a anomalies) sorted() []Anomaly {
	slices.SortFunc(a, func(x, y Anomaly) int {
		return cmp.Or(strings.Compare(string(x.Kind), string(y.Kind)), strings.Compare(x.Detail, y.Detail))
	})
	return a
}

// Report is a text for people: a count of each kind, and the first few in full.
func Report(all []Anomaly) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		n := i
		for n < len(all) && all[n].Kind == all[i].Kind {
			n++
		}
		fmt.Fprintf(&b, "%s: %d\n", all[i].Kind, n-i)
		for _, a := range all[i:min(n, i+5)] {
			fmt.Fprintf(&b, "    %s\n", a.Detail)
		}
		i = n
	}
	return b.String()
}
