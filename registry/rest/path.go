package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// location is a request's target in the one form that is routed on: every path segment escaped by url.PathEscape, no trailing
// slash, no /contexts/{context} in front.
type location struct {
	path  string
	query url.Values
}

// locate brings the target of a request into the form that is routed on. net/http keeps the client's escapes in some paths and
// not in others; here each segment is decoded once and escaped anew, so that what the router matches never depends on them.
func locate(r *http.Request) (location, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return location{}, fault.New(errBadRequest, "rest.locate", "the query is malformed: %v", err)
	}
	path := r.URL.EscapedPath()
	if plainPath(path) {
		return location{path: path, query: query}, nil
	}
	segments, err := split(path)
	if err != nil {
		return location{}, fault.New(errBadRequest, "rest.locate", "the path is malformed: %v", err)
	}
	if segments, err = rewrite(segments, query); err != nil {
		return location{}, err
	}
	if slices.Contains(segments, "") {
		return location{}, notFound()
	}
	return location{path: join(segments), query: query}, nil
}

// plainPath reports whether a path is in the form that is routed on as it is: most are.
func plainPath(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		case c == '/' && (i == 0 || i < len(path)-1 && path[i-1] != '/'):
		default:
			return false
		}
	}
	return path != "" && path[0] == '/' && !strings.HasPrefix(path, "/contexts/")
}

// split decodes the segments of an escaped path, without the empty one of a trailing slash.
func split(path string) ([]string, error) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		var err error
		if segments[i], err = url.PathUnescape(s); err != nil {
			return nil, err
		}
	}
	return segments, nil
}

func join(segments []string) string {
	if len(segments) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// rewrite turns /contexts/{context}/rest into rest with qualified names, in the path and in query (Confluent: ContextFilter).
func rewrite(segments []string, query url.Values) ([]string, error) {
	if len(segments) < 2 || segments[0] != "contexts" {
		return segments, nil
	}
	name := registry.ParseContext(segments[1])
	if strings.Contains(name, ":") {
		return nil, fault.New(errBadRequest, "rest.rewrite", "Context name '%s' cannot contain a colon", segments[1])
	}
	if len(segments) == 2 {
		return segments, nil // the context itself is addressed
	}
	rest := segments[2:]
	if name == registry.DefaultContext {
		return rest, nil
	}
	prefix := ":" + name + ":"
	qualifyQuery(rest, query, prefix)
	return qualifySegments(rest, prefix), nil
}

func qualifySegments(segments []string, prefix string) []string {
	if first := segments[0]; first == "config" || first == "mode" {
		if len(segments) == 1 {
			return append(segments, prefix)
		}
		segments[1] = qualify(segments[1], prefix)
		return segments
	}
	for i := 1; i < len(segments); i++ {
		if segments[i-1] == "subjects" || segments[i-1] == "deks" {
			segments[i] = qualify(segments[i], prefix)
		}
	}
	return segments
}

func qualifyQuery(segments []string, query url.Values, prefix string) {
	name := ""
	switch {
	case len(segments) == 1 && (segments[0] == "schemas" || segments[0] == "subjects"), segments[len(segments)-1] == "keks":
		name = "subjectPrefix"
	case strings.HasPrefix(segments[0], "associations"):
		query.Set("context", prefix)
		return
	case len(segments) > 1 && segments[0] == "schemas" && segments[1] == "ids":
		name = "subject"
	default:
		return
	}
	values := query[name]
	if len(values) == 0 {
		values = []string{""}
	}
	for i, v := range values {
		values[i] = qualify(v, prefix)
	}
	query[name] = values
}

// qualify puts a context in front of a name that has none.
func qualify(name, prefix string) string {
	if strings.HasPrefix(name, ":.") || strings.HasPrefix(name, ":*:") {
		return name
	}
	return prefix + name
}
