package registry

import (
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// old is a stored version as a schema that is parsed only when its pair was not compared before.
type old struct {
	schema.Schema // nil: only the methods below are called before Differences, which differ replaces
	row           *row
}

func (o *old) Format() string    { return o.row.Format }
func (o *old) Canonical() string { return o.row.Text }

// differ answers compat.Checker about one new schema. It keeps the outcomes of pairs, and the first failure to read a version.
type differ struct {
	judge
	next *parsed
	err  error
}

// differences is a compat.Differ. One of the two schemas is d.next and the other an *old.
func (d *differ) differences(reader, writer schema.Schema, q schema.Question) []schema.Difference {
	if o, ok := writer.(*old); ok {
		return d.compare(o.row, q, false)
	}
	return d.compare(reader.(*old).row, q, true)
}

func (d *differ) compare(r *row, q schema.Question, oldReads bool) []schema.Difference {
	if d.err == nil {
		d.err = d.left("registry.compare")
	}
	if d.err != nil {
		return nil
	}
	refs, err := d.resolve(d.view, r.source())
	if err != nil {
		d.err = r.unreadable(err)
		return nil
	}
	key := pairKey{reader: d.next.key, writer: parsedKey{text: r.key.with(refs)}, question: q}
	if oldReads {
		key.reader, key.writer = key.writer, key.reader
	}
	out, err := d.pairs.do(key, func() ([]schema.Difference, int64, error) {
		from := r.source()
		from.steps = d.steps
		stored, err := d.parse(d.view, from)
		if err != nil {
			return nil, 0, err
		}
		reader, writer := d.next.Schema, stored.Schema
		if oldReads {
			reader, writer = writer, reader
		}
		diffs := reader.Differences(writer, q)
		return diffs, weight(diffs), nil
	})
	if err != nil {
		d.err = r.unreadable(err)
	}
	return out
}

// unreadable says which stored version keeps a comparison from being made.
func (r *row) unreadable(err error) error {
	return fault.Wrap(ErrInvalidSchema, "registry.compare", err, "Invalid schema: version %d of subject '%s', to compare with, cannot be read: %s",
		r.Number, r.Subject, fault.DetailOf(err))
}

// weight is about the number of bytes that an outcome keeps.
func weight(diffs []schema.Difference) int64 {
	n := int64(256)
	for _, d := range diffs {
		n += int64(128 + len(d.Rule) + len(d.Path) + len(d.Detail) + len(d.Message))
	}
	return n
}
