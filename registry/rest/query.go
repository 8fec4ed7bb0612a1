package rest

import (
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

// page returns the part of a list that offset and limit ask for.
func page[T any](x *exchange, list []T, most int) ([]T, error) {
	offset, err := x.integer("offset")
	if err != nil {
		return nil, err
	}
	limit, err := x.integer("limit")
	if err != nil {
		return nil, err
	}
	if limit <= 0 || limit > most {
		limit = most
	}
	list = list[min(max(offset, 0), len(list)):]
	return list[:min(limit, len(list))], nil
}

// listed answers the page of a list that a registry returned.
func listed[T any](x *exchange, list []T, err error, most int) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	part, err := page(x, list, most)
	if err != nil {
		return reply{}, err
	}
	return okList(part)
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
