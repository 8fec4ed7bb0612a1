package rest

import (
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// flag reports whether a boolean parameter says true, in any case. Any other text is false.
func (x *exchange) flag(name string) bool { return strings.EqualFold(x.query.Get(name), "true") }

// integer returns a numeric parameter; absent and empty ones are zero. What cannot be converted is not found, as in Confluent.
func (x *exchange) integer(name string) (int, error) {
	text := x.query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, notFound()
	}
	return int(n), nil
}

// filter reads deleted and deletedOnly, of which the second wins.
func (x *exchange) filter() registry.Filter {
	switch {
	case x.flag("deletedOnly"):
		return registry.DeletedOnly
	case x.flag("deleted"):
		return registry.All
	}
	return registry.Live
}

// deleted reads deleted alone.
func (x *exchange) deleted() registry.Filter {
	if x.flag("deleted") {
		return registry.All
	}
	return registry.Live
}

func (x *exchange) deletion() registry.Deletion {
	if x.flag("permanent") {
		return registry.Permanent
	}
	return registry.Soft
}

// The most that lists give at once. A limit outside of 1 to the maximum means the maximum, which is also the default.
const (
	maxSchemas   = 1000
	maxUnlimited = math.MaxInt32
)

// window is the part of a list that a query asks for.
type window struct{ offset, limit int }

func (x *exchange) window(most int) (window, error) {
	offset, err := x.integer("offset")
	if err != nil {
		return window{}, err
	}
	limit, err := x.integer("limit")
	if limit <= 0 || limit > most {
		limit = most
	}
	return window{offset: max(offset, 0), limit: limit}, err
}

func cut[T any](list []T, w window) []T {
	list = list[min(w.offset, len(list)):]
	return list[:min(w.limit, len(list))]
}

// of returns the part of a list that the window shows, after what take refuses is left out.
func (w window) of(all iter.Seq[string], take func(string) bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		at := 0
		for one := range all {
			if !take(one) {
				continue
			}
			if at++; at <= w.offset {
				continue
			}
			if at-w.offset > w.limit || !yield(one) {
				return
			}
		}
	}
}

// list answers the part of a list that the query asks for. A query that cannot be read fails before the list is made.
func list[T any](x *exchange, most int, ask func() ([]T, error)) (reply, error) {
	w, err := x.window(most)
	if err != nil {
		return reply{}, err
	}
	all, err := ask()
	if err != nil {
		return reply{}, err
	}
	return okList(cut(all, w))
}

// versionParam reads the version of the path.
func (x *exchange) versionParam() (int, error) {
	text := strings.TrimSpace(x.param("version"))
	if strings.EqualFold(text, "latest") || text == "-1" {
		return registry.Latest, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, fault.New(registry.ErrInvalidVersion, "rest.versionParam", "The specified version '%s' is not a valid version id. "+
			"Allowed values are between [1, 2^31-1] and the string \"latest\"", text)
	}
	return int(n), nil
}

// place reads the subject, after its alias, and the version of the path.
func (x *exchange) place() (subject string, version int, err error) {
	if version, err = x.versionParam(); err != nil {
		return "", 0, err
	}
	subject, err = x.subject()
	return subject, version, err
}

// idParam reads the ID of the path. What is no number is not found.
func (x *exchange) idParam() (schema.ID, error) {
	n, err := strconv.ParseInt(x.param("id"), 10, 32)
	if err != nil {
		return 0, notFound()
	}
	return schema.ID(n), nil
}

// idPlace reads the ID of the path and the subject that says where to look for it, after its alias.
func (x *exchange) idPlace() (subject string, id schema.ID, err error) {
	if id, err = x.idParam(); err != nil {
		return "", 0, err
	}
	if subject = x.query.Get("subject"); subject != "" {
		subject, err = x.s.reg.Resolve(x.ctx(), subject)
	}
	return subject, id, err
}
