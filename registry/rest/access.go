package rest

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/registry"
)

// target is what a caller needs a right over. The zero target is nobody's.
type target uint8

const (
	overNothing  target = iota + 1 // nothing: whoever calls may
	overIdentity                   // nothing, but it must be known who calls
	overSubject                    // the subject of the path, after its alias: judged where the endpoint asks for it
	overSetting                    // the name whose settings the path means; a level above subjects may be seen by whoever sees one below
	overContext                    // the context of the path
	overFindings                   // what the endpoint finds: it keeps to what the caller may see
	overSome                       // what the path does not name, as subjects in the body, or keys, which belong to none: the right over some subject
	overAll                        // what every subject may depend on: the right over all of them
	overNumbers                    // the numbers of the server, which belong to no subject
)

// need is what an endpoint asks of its caller.
type need struct {
	over  target
	right auth.Right
}

// identify finds out who calls.
func (x *exchange) identify() error {
	g := x.s.opts.Gate
	if g == nil {
		return nil
	}
	var peers []*x509.Certificate
	if x.r.TLS != nil && len(x.r.TLS.VerifiedChains) > 0 {
		peers = x.r.TLS.PeerCertificates
	}
	who, err := g.Identify(x.r.Context(), x.r.Header.Get("Authorization"), peers)
	if err != nil {
		for _, c := range g.Challenges() {
			x.w.Header().Add("WWW-Authenticate", c)
		}
		return err
	}
	x.who, x.policy = who, g.Policy()
	return nil
}

// admit lets a caller pass who may call the endpoint at all. What it may do with a subject is judged when the subject is known.
func (x *exchange) admit() error {
	if x.s.opts.Gate == nil || x.route.need.over == overNothing {
		return nil
	}
	if err := x.identify(); err != nil {
		return err
	}
	switch x.route.need.over {
	case overIdentity, overFindings, overSubject:
		return nil
	case overSetting:
		return x.maySetting(registry.ParseName(x.param("subject")))
	case overContext:
		return x.may(registry.Name{Context: registry.ParseContext(x.param("context"))}.String())
	case overAll:
		return x.may("")
	case overSome, overNumbers:
		if x.policy.Has(x.who, x.rights()) {
			return nil
		}
	}
	return x.denied("this endpoint")
}

func (x *exchange) maySetting(n registry.Name) error {
	name := n.String()
	if n.Subject == "" && x.route.need.right == auth.Read && (name == "" || x.policy.Within(x.who, auth.Read, name)) {
		return nil
	}
	return x.may(name)
}

// may judges the right that the request needs over a name in its usual form.
func (x *exchange) may(name string) error {
	x.judged = true
	x.audited.subject = name
	if x.policy == nil || x.policy.Allows(x.who, x.rights(), name) {
		return nil
	}
	return x.denied("subject " + name)
}

// rights returns what the request needs: deleting for good is more than deleting, and to pass by the compatibility level is to
// change it.
func (x *exchange) rights() auth.Right {
	switch r := x.route.need.right; {
	case x.r.Method == http.MethodDelete && (x.flag("permanent") || x.flag("cascadeLifecycle")):
		return auth.Admin
	case r == auth.Write && x.flag("force"):
		return auth.Write | auth.Config
	default:
		return r
	}
}

func (x *exchange) denied(what string) error {
	return fault.New(auth.ErrDenied, "rest.access", "%s may not %s %s", x.who.Name, x.rights(), what)
}

// sees reports whether the caller may read a subject, given by its name in the usual form. The empty name stands for all.
func (x *exchange) sees(name string) bool {
	return x.policy == nil || x.policy.Allows(x.who, auth.Read, name)
}

// seen keeps of a list what the caller may see.
func seen[T any](x *exchange, list []T, subject func(T) string) []T {
	if x.sees("") {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(one T) bool { return !x.sees(subject(one)) })
}

// seenContext reports whether the caller may read anything in a context.
func (x *exchange) seenContext(name string) bool {
	return name == registry.DefaultContext || x.policy == nil || x.policy.Within(x.who, auth.Read, registry.Name{Context: name}.String())
}

// seenUse returns a version with the ID of v that the caller may see: v itself, or another use of the same schema.
func (x *exchange) seenUse(ctx context.Context, v registry.Version) (registry.Version, error) {
	if x.sees(v.Subject) {
		return v, nil
	}
	places, err := x.s.reg.VersionsOfID(ctx, v.Subject, v.ID, registry.All)
	if err != nil {
		return v, err
	}
	for _, p := range places {
		if x.sees(p.Subject) {
			return x.s.reg.Version(ctx, p.Subject, p.Version, registry.All)
		}
	}
	return v, x.denied("a schema of subjects that are not theirs")
}

// found judges a version that a name led to, which may be in another context than the name says.
func (x *exchange) found(v registry.Version, err error) (registry.Version, error) {
	if err == nil && !x.sees(v.Subject) {
		return registry.Version{}, x.denied("subject " + v.Subject)
	}
	return v, err
}

// mayRefer judges the references of a schema: whoever refers to a schema can read it.
func (x *exchange) mayRefer(s registry.Submission) error {
	for _, ref := range s.References {
		n := registry.ParseName(ref.Subject)
		if n.Context == registry.DefaultContext {
			n.Context = registry.ParseName(s.Subject).Context
		}
		if !x.sees(n.String()) {
			return x.denied("subject " + n.String() + ", which the schema refers to")
		}
	}
	return nil
}

// audit is what is known of a change for its line in the log.
type audit struct {
	subject string
	version int
}

// record writes the line about a change, whatever became of it.
func (x *exchange) record() {
	if x.route == nil || x.route.change == "" {
		return
	}
	who := x.who.Name
	switch {
	case x.s.opts.Gate == nil:
		who = "anonymous"
	case who == "":
		who = "unknown"
	}
	attrs := []any{
		slog.String("who", who), slog.String("action", x.route.change), slog.String("subject", x.audited.subject),
		slog.Int("version", x.audited.version), slog.String("outcome", outcome(x.status)), slog.Int("status", x.status),
		slog.String("remote", x.r.RemoteAddr),
	}
	x.s.log.LogAttrs(x.r.Context(), slog.LevelInfo, "change", slog.String("request_id", x.id), slog.Group("audit", attrs...))
}

func outcome(status int) string {
	switch {
	case status < 400:
		return "done"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "denied"
	case status < 500:
		return "refused"
	}
	return "failed"
}
