package group

import (
	"regexp"
	"slices"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// maxRegex is the longest regular expression that is compiled, in bytes.
const maxRegex = 32 << 10

// pattern is a regular expression and the topics that it matches, in alphabetical order.
type pattern struct {
	compiled *regexp.Regexp
	topics   []string
}

func (p *pattern) match(catalog *Catalog) {
	p.topics = nil
	for _, name := range catalog.names {
		if p.compiled.MatchString(name) {
			p.topics = append(p.topics, name)
		}
	}
}

// compile returns the pattern of a regular expression, known or new. It is nil if there is none.
func (c *Consumers) compile(regex *string) (*pattern, error) {
	const op = "group.Heartbeat"
	if regex == nil || *regex == "" {
		return nil, nil
	}
	if p := c.patterns[*regex]; p != nil {
		return p, nil
	}
	if len(*regex) > maxRegex {
		return nil, fault.New(ErrRegex, op, "a regular expression of %d bytes; at most %d", len(*regex), maxRegex)
	}
	if _, err := regexp.Compile(*regex); err != nil { // by itself: within brackets an unbalanced one might pass
		return nil, fault.Wrap(ErrRegex, op, err, "the subscription is no regular expression of RE2: %v", err)
	}
	compiled, err := regexp.Compile("^(?:" + *regex + ")$")
	if err != nil {
		return nil, fault.Wrap(ErrRegex, op, err, "the subscription is no regular expression of RE2: %v", err)
	}
	return &pattern{compiled: compiled}, nil
}

// look takes note of the topics that there are now.
func (c *Consumers) look(catalog *Catalog) {
	if catalog == c.catalog {
		return
	}
	old := c.catalog
	c.catalog = catalog
	used := make(map[string]bool)
	for _, m := range c.members {
		used[m.regex] = true
	}
	for regex, p := range c.patterns {
		if !used[regex] {
			delete(c.patterns, regex)
			continue
		}
		p.match(catalog)
	}
	changed := false
	for _, m := range c.members {
		topics := c.resolve(m)
		changed = changed || !slices.Equal(topics, m.topics) ||
			slices.ContainsFunc(topics, func(name string) bool { return catalog.byName[name] != old.byName[name] })
		m.topics = topics
	}
	c.moved = c.moved || changed
}

// resolve lists the topics that exist of those that a member subscribes to.
func (c *Consumers) resolve(m *consumer) []string {
	var topics []string
	for _, name := range m.names {
		if _, ok := c.catalog.byName[name]; ok {
			topics = append(topics, name)
		}
	}
	if p := c.patterns[m.regex]; p != nil {
		topics = append(topics, p.topics...)
		slices.Sort(topics)
		topics = slices.Compact(topics)
	}
	return topics
}

// subscribe hears what a beat says of the member. A change of what it reads, or how, makes a new epoch of the group.
func (c *Consumers) subscribe(m *consumer, b Beat, matching *pattern) {
	m.client, m.host = b.Client, b.Host
	if b.Rack != "" {
		m.rack = b.Rack
	}
	if b.Rebalance >= 0 {
		m.rebalance = max(b.Rebalance, time.Millisecond)
	}
	changed := false
	if b.Assignor != "" && b.Assignor != m.assignor {
		m.assignor, changed = b.Assignor, true
	}
	if b.Names != nil {
		names := slices.Compact(slices.Sorted(slices.Values(b.Names)))
		changed = changed || !slices.Equal(names, m.names)
		m.names = names
	}
	if b.Regex != nil && *b.Regex != m.regex {
		m.regex, changed = *b.Regex, true
	}
	if matching != nil && c.patterns[m.regex] == nil {
		matching.match(c.catalog)
		c.patterns[m.regex] = matching
	}
	if changed {
		m.topics = c.resolve(m)
		c.moved = true
	}
}
