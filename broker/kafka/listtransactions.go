package kafka

import (
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// DescribeTransactions, key 65, version 0.

func describeTransactions(c *call) message {
	req := c.request.(*kmsg.DescribeTransactionsRequest)
	r := kmsg.NewPtrDescribeTransactionsResponse()
	for _, id := range req.TransactionalIDs {
		v := kmsg.NewDescribeTransactionsResponseTransactionState()
		v.TransactionalID = id
		d, err := c.server.broker.Transaction(id)
		if v.ErrorCode = c.server.numberOf(err); err == nil {
			v.State, v.TimeoutMillis, v.StartTimestamp = d.Status.String(), d.Timeout, d.Started
			v.ProducerID, v.ProducerEpoch = d.Producer, d.Epoch
			v.Topics = topicsOf(d.Places)
		}
		r.TransactionStates = append(r.TransactionStates, v)
	}
	return r
}

// topicsOf groups places, which are in order, by topic.
func topicsOf(places []txn.Place) (all []kmsg.DescribeTransactionsResponseTransactionStateTopic) {
	for _, p := range places {
		if n := len(all); n == 0 || all[n-1].Topic != p.Topic {
			t := kmsg.NewDescribeTransactionsResponseTransactionStateTopic()
			t.Topic = p.Topic
			all = append(all, t)
		}
		t := &all[len(all)-1]
		t.Partitions = append(t.Partitions, p.Partition)
	}
	return all
}

// ListTransactions, key 66, versions 0 to 2: by state, by producer id, by how long they have been open (version 1), and by a
// pattern (RE2) that the whole transactional id matches (version 2).

var errPattern = fault.NewCode(fault.Invalid, "invalid_pattern")

// maxPattern bounds a pattern, in bytes.
const maxPattern = 1024

func listTransactions(c *call) message {
	req := c.request.(*kmsg.ListTransactionsRequest)
	r := kmsg.NewPtrListTransactionsResponse()
	for _, name := range req.StateFilters {
		if !slices.Contains(statusNames(), name) {
			r.UnknownStateFilters = append(r.UnknownStateFilters, name)
		}
	}
	pattern, err := c.pattern(req)
	if err != nil {
		r.ErrorCode = c.server.numberOf(err)
		return r
	}
	now := c.server.broker.Now()
	for _, d := range c.server.broker.Transactions() {
		if !c.listed(req, &d, now) || (pattern != nil && !pattern.MatchString(d.ID)) {
			continue
		}
		v := kmsg.NewListTransactionsResponseTransactionState()
		v.TransactionalID, v.ProducerID, v.TransactionState = d.ID, d.Producer, d.Status.String()
		r.TransactionStates = append(r.TransactionStates, v)
	}
	return r
}

func (c *call) listed(req *kmsg.ListTransactionsRequest, d *broker.DescribedTransaction, now int64) bool {
	switch {
	case len(req.StateFilters) > 0 && !slices.Contains(req.StateFilters, d.Status.String()),
		len(req.ProducerIDFilters) > 0 && !slices.Contains(req.ProducerIDFilters, d.Producer):
		return false
	case c.version >= 1 && req.DurationFilterMillis >= 0:
		return d.Started >= 0 && d.Status != txn.CompleteCommit && d.Status != txn.CompleteAbort && now-d.Started > req.DurationFilterMillis
	}
	return true
}

func (c *call) pattern(req *kmsg.ListTransactionsRequest) (*regexp.Regexp, error) {
	const op = "kafka.ListTransactions"
	if c.version < 2 || req.TransactionalIDPattern == nil || *req.TransactionalIDPattern == "" {
		return nil, nil
	}
	if len(*req.TransactionalIDPattern) > maxPattern {
		return nil, fault.New(errPattern, op, "a pattern has at most %d bytes", maxPattern)
	}
	p, err := regexp.Compile(`\A(?:` + *req.TransactionalIDPattern + `)\z`)
	if err != nil {
		return nil, fault.Wrap(errPattern, op, err, "the pattern of transactional ids is no regular expression")
	}
	return p, nil
}

func statusNames() (names []string) {
	for s := txn.Empty; s <= txn.CompleteAbort; s++ {
		names = append(names, s.String())
	}
	return names
}
