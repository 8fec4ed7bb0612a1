package auth

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pawl-registry/pawl/fault"
)

// Right is one thing that a principal may do, or several together.
type Right uint8

// The rights. Some imply others: see implied.
const (
	Read    Right = 1 << iota // see schemas, versions and settings
	Write                     // register, change tags, delete softly
	Check                     // ask about compatibility
	Config                    // change configuration, and register against it
	Admin                     // change modes, delete for good; implies all others
	Metrics                   // see the numbers of the server; over no subject
)

var rights = map[string]Right{"read": Read, "write": Write, "check": Check, "config": Config, "admin": Admin, "metrics": Metrics}

// implied is what each right is worth.
var implied = map[Right]Right{
	Read: Read, Write: Write | Read | Check, Check: Check, Config: Config | Read,
	Admin: Admin | Config | Write | Read | Check | Metrics, Metrics: Metrics,
}

// String returns the rights as the file of roles writes them.
func (r Right) String() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(rights)) {
		if rights[name]&r != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}

// Policy says who may do what. It is immutable.
type Policy struct {
	roles   map[string][]grant
	members map[string][]string // roles by the name of a principal
}

// Everyone stands among the members of a policy for every principal.
const Everyone = "*"

// grant is rights over the subjects that one of its patterns covers.
type grant struct {
	patterns []string
	rights   Right
}

// policyFile is a file of roles as it is written.
type policyFile struct {
	Roles map[string][]struct {
		Subjects []string `yaml:"subjects"`
		Rights   []string `yaml:"rights"`
	} `yaml:"roles"`
	Members map[string][]string `yaml:"members"`
}

// ParsePolicy reads a file of roles, YAML or JSON. Unknown fields, rights and roles are errors with the code ErrConfig.
func ParsePolicy(text []byte) (*Policy, error) {
	const op = "auth.ParsePolicy"
	var f policyFile
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(ErrConfig, op, err, "the file of roles does not parse: %v", err)
	}
	p := &Policy{roles: map[string][]grant{}, members: f.Members}
	for name, list := range f.Roles {
		p.roles[name] = nil
		for _, one := range list {
			g := grant{patterns: one.Subjects}
			for _, word := range one.Rights {
				r, known := rights[word]
				if !known {
					return nil, fault.New(ErrConfig, op, "role %s: there is no right %q; there are %s", name, word, strings.Join(slices.Sorted(maps.Keys(rights)), ", "))
				}
				g.rights |= implied[r]
			}
			if err := checkPatterns(name, one.Subjects); err != nil {
				return nil, err
			}
			p.roles[name] = append(p.roles[name], g)
		}
	}
	for who, list := range f.Members {
		for _, role := range list {
			if _, known := p.roles[role]; !known {
				return nil, fault.New(ErrConfig, op, "member %s: there is no role %q", who, role)
			}
		}
	}
	return p, nil
}

func checkPatterns(role string, patterns []string) error {
	for _, pattern := range patterns {
		if i := strings.IndexByte(pattern, '*'); pattern == "" || i >= 0 && i < len(pattern)-1 {
			return fault.New(ErrConfig, "auth.ParsePolicy", "role %s: %q covers nothing; write a subject, or a prefix that ends in *", role, pattern)
		}
	}
	return nil
}

// Allows reports whether a principal has a right over a subject, given by its name in the usual form: with its context unless
// that is the default one. A context is named without a subject (":.ctx:"), the registry as a whole by the empty name.
func (p *Policy) Allows(who Principal, r Right, subject string) bool {
	return p.any(who, func(g grant) bool {
		return g.rights&r == r && slices.ContainsFunc(g.patterns, func(pattern string) bool { return covers(pattern, subject) })
	})
}

// Has reports whether a principal has a right over anything, or one that is over no subject.
func (p *Policy) Has(who Principal, r Right) bool {
	return p.any(who, func(g grant) bool { return g.rights&r == r })
}

// Within reports whether a principal has a right over some subject whose name begins with prefix.
func (p *Policy) Within(who Principal, r Right, prefix string) bool {
	return p.any(who, func(g grant) bool {
		return g.rights&r == r && slices.ContainsFunc(g.patterns, func(pattern string) bool {
			return strings.HasPrefix(pattern, prefix) || covers(pattern, prefix)
		})
	})
}

func (p *Policy) any(who Principal, f func(grant) bool) bool {
	for _, names := range [...][]string{p.members[who.Name], p.members[Everyone], who.Roles} {
		for _, role := range names {
			if slices.ContainsFunc(p.roles[role], f) {
				return true
			}
		}
	}
	return false
}

func covers(pattern, subject string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(subject, prefix)
	}
	return pattern == subject
}
