package acl_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/internal/acl"
)

// binding reads "TYPE name [PREFIXED] principal host OP PERMISSION", with * for the host where only six are given.
func binding(t *testing.T, text string) acl.Binding {
	t.Helper()
	w := strings.Fields(text)
	b := acl.Binding{Type: acl.Type(w[0]), Name: w[1], Pattern: acl.Pattern(w[2]), Principal: w[3], Host: w[4], Operation: acl.Operation(w[5]), Permission: acl.Permission(w[6])}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	return b
}

func list(t *testing.T, bindings ...string) *acl.List {
	t.Helper()
	var all []acl.Binding
	for _, text := range bindings {
		all = append(all, binding(t, text))
	}
	return acl.NewList(slices.Values(all))
}

func TestDecisions(t *testing.T) {
	alice := acl.Subject{Principal: "User:alice", Host: "10.0.0.1"}
	tests := []struct {
		name     string
		bindings []string
		op       acl.Operation
		resource string
		want     bool
	}{
		{"nothing allows", nil, acl.Read, "t", false},
		{"allowed by name", []string{"TOPIC t LITERAL User:alice * READ ALLOW"}, acl.Read, "t", true},
		{"another topic", []string{"TOPIC t LITERAL User:alice * READ ALLOW"}, acl.Read, "t2", false},
		{"another principal", []string{"TOPIC t LITERAL User:bob * READ ALLOW"}, acl.Read, "t", false},
		{"another operation", []string{"TOPIC t LITERAL User:alice * READ ALLOW"}, acl.Write, "t", false},
		{"another type", []string{"GROUP t LITERAL User:alice * READ ALLOW"}, acl.Read, "t", false},
		{"every topic", []string{"TOPIC * LITERAL User:alice * READ ALLOW"}, acl.Read, "t", true},
		{"every principal", []string{"TOPIC t LITERAL User:* * READ ALLOW"}, acl.Read, "t", true},
		{"from this host", []string{"TOPIC t LITERAL User:alice 10.0.0.1 READ ALLOW"}, acl.Read, "t", true},
		{"from another host", []string{"TOPIC t LITERAL User:alice 10.0.0.2 READ ALLOW"}, acl.Read, "t", false},
		{"by prefix", []string{"TOPIC team- PREFIXED User:alice * READ ALLOW"}, acl.Read, "team-x", true},
		{"the prefix itself", []string{"TOPIC team- PREFIXED User:alice * READ ALLOW"}, acl.Read, "team-", true},
		{"shorter than the prefix", []string{"TOPIC team- PREFIXED User:alice * READ ALLOW"}, acl.Read, "team", false},
		{"a prefix is no name", []string{"TOPIC team- LITERAL User:alice * READ ALLOW"}, acl.Read, "team-x", false},
		{"ALL allows all", []string{"TOPIC t LITERAL User:alice * ALL ALLOW"}, acl.Delete, "t", true},
		{"READ implies DESCRIBE", []string{"TOPIC t LITERAL User:alice * READ ALLOW"}, acl.Describe, "t", true},
		{"WRITE implies DESCRIBE", []string{"TOPIC t LITERAL User:alice * WRITE ALLOW"}, acl.Describe, "t", true},
		{"DELETE implies DESCRIBE", []string{"TOPIC t LITERAL User:alice * DELETE ALLOW"}, acl.Describe, "t", true},
		{"ALTER implies DESCRIBE", []string{"TOPIC t LITERAL User:alice * ALTER ALLOW"}, acl.Describe, "t", true},
		{"CREATE implies nothing", []string{"TOPIC t LITERAL User:alice * CREATE ALLOW"}, acl.Describe, "t", false},
		{"ALTER_CONFIGS implies DESCRIBE_CONFIGS", []string{"TOPIC t LITERAL User:alice * ALTER_CONFIGS ALLOW"}, acl.DescribeConfigs, "t", true},
		{"deny goes over allow", []string{"TOPIC t LITERAL User:alice * READ ALLOW", "TOPIC t LITERAL User:* * READ DENY"}, acl.Read, "t", false},
		{"deny by prefix goes over allow by name", []string{"TOPIC t LITERAL User:alice * READ ALLOW", "TOPIC t PREFIXED User:alice * ALL DENY"}, acl.Read, "t", false},
		{"deny of all topics", []string{"TOPIC t LITERAL User:alice * READ ALLOW", "TOPIC * LITERAL User:alice * READ DENY"}, acl.Read, "t", false},
		{"denial of READ does not deny DESCRIBE", []string{"TOPIC t LITERAL User:alice * ALL ALLOW", "TOPIC t LITERAL User:alice * READ DENY"}, acl.Describe, "t", true},
		{"denied from another host alone", []string{"TOPIC t LITERAL User:alice * READ ALLOW", "TOPIC t LITERAL User:alice 10.0.0.2 READ DENY"}, acl.Read, "t", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := list(t, tt.bindings...).Allows(&acl.Policy{}, alice, tt.op, acl.Topic, tt.resource); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	l := list(t, "TOPIC guarded LITERAL User:bob * READ ALLOW", "TOPIC t LITERAL User:* * ALL DENY", "TOPIC pre PREFIXED User:bob * READ ALLOW")
	alice, root := acl.Subject{Principal: "User:alice", Host: "h"}, acl.Subject{Principal: "User:root", Host: "h"}
	p := &acl.Policy{Super: map[string]bool{"User:root": true}, OpenWorld: true}
	for name, want := range map[string]bool{"free": true, "guarded": false, "t": false, "prefix": false} {
		if got := l.Allows(p, alice, acl.Read, acl.Topic, name); got != want {
			t.Errorf("%s: got %v", name, got)
		}
		if !l.Allows(p, root, acl.Read, acl.Topic, name) {
			t.Errorf("%s: the super user is refused", name)
		}
	}
}

func TestAnyResource(t *testing.T) {
	alice := acl.Subject{Principal: "User:alice", Host: "h"}
	tests := []struct {
		name     string
		bindings []string
		want     bool
	}{
		{"nothing", nil, false},
		{"one topic", []string{"TOPIC t LITERAL User:alice * WRITE ALLOW"}, true},
		{"one prefix", []string{"TOPIC t PREFIXED User:alice * ALL ALLOW"}, true},
		{"all denied", []string{"TOPIC t LITERAL User:alice * WRITE ALLOW", "TOPIC * LITERAL User:alice * WRITE DENY"}, false},
		{"the one denied", []string{"TOPIC t LITERAL User:alice * WRITE ALLOW", "TOPIC t LITERAL User:* * ALL DENY"}, false},
		{"denied by prefix", []string{"TOPIC tt PREFIXED User:alice * WRITE ALLOW", "TOPIC t PREFIXED User:alice * WRITE DENY"}, false},
		{"a longer prefix denied", []string{"TOPIC t PREFIXED User:alice * WRITE ALLOW", "TOPIC tt PREFIXED User:alice * WRITE DENY"}, true},
		{"all allowed, some denied", []string{"TOPIC * LITERAL User:alice * WRITE ALLOW", "TOPIC t PREFIXED User:alice * WRITE DENY"}, true},
		{"reading only", []string{"TOPIC t LITERAL User:alice * READ ALLOW"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := list(t, tt.bindings...).AllowsAny(&acl.Policy{}, alice, acl.Write, acl.Topic); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if !list(t).AllowsAny(&acl.Policy{OpenWorld: true}, alice, acl.Write, acl.Topic) {
		t.Error("refused although what has no rules is open")
	}
}

func TestFilters(t *testing.T) {
	l := list(t, "TOPIC orders LITERAL User:alice * READ ALLOW", "TOPIC ord PREFIXED User:bob * WRITE DENY", "TOPIC * LITERAL User:alice * DESCRIBE ALLOW",
		"TOPIC other LITERAL User:alice * READ ALLOW", "GROUP orders LITERAL User:alice 1.2.3.4 READ ALLOW")
	name, alice, host := "orders", "User:alice", "1.2.3.4"
	tests := []struct {
		name   string
		filter acl.Filter
		want   int
	}{
		{"all", acl.Filter{}, 5},
		{"topics", acl.Filter{Type: acl.Topic}, 4},
		{"by name, any pattern", acl.Filter{Type: acl.Topic, Name: &name}, 1},
		{"what applies to a topic", acl.Filter{Type: acl.Topic, Name: &name, Pattern: acl.Match}, 3},
		{"prefixed", acl.Filter{Pattern: acl.OnlyPrefixed}, 1},
		{"literal of a name", acl.Filter{Pattern: acl.OnlyLiteral, Name: &name}, 2},
		{"principal", acl.Filter{Principal: &alice}, 4},
		{"host", acl.Filter{Host: &host}, 1},
		{"operation", acl.Filter{Operation: acl.Read}, 3},
		{"permission", acl.Filter{Permission: acl.Deny}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := 0
			for b := range l.Bindings() {
				if tt.filter.Matches(b) {
					got++
				}
			}
			if got != tt.want {
				t.Errorf("chose %d, want %d", got, tt.want)
			}
		})
	}
}

func TestBindingsAreChecked(t *testing.T) {
	good := acl.Binding{Type: acl.Topic, Name: "t", Pattern: acl.Literal, Principal: "User:a", Host: "*", Operation: acl.Read, Permission: acl.Allow}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for i, spoil := range []func(*acl.Binding){
		func(b *acl.Binding) { b.Type = "" }, func(b *acl.Binding) { b.Name = "" }, func(b *acl.Binding) { b.Pattern = "MATCH" },
		func(b *acl.Binding) { b.Principal = "alice" }, func(b *acl.Binding) { b.Principal = "User:" }, func(b *acl.Binding) { b.Host = "" },
		func(b *acl.Binding) { b.Operation = "ANY" }, func(b *acl.Binding) { b.Permission = "" }, func(b *acl.Binding) { b.Type = acl.Cluster },
		func(b *acl.Binding) { b.Name = strings.Repeat("n", 5000) }, func(b *acl.Binding) { b.Name = "\xff" },
	} {
		b := good
		spoil(&b)
		if err := b.Check(); !errors.Is(err, acl.ErrInvalid) {
			t.Errorf("case %d passes: %v", i, err)
		}
	}
}

func TestPrincipalRules(t *testing.T) {
	tests := []struct{ rules, subject, want string }{
		{"", "CN=a,O=b", "CN=a,O=b"},
		{"DEFAULT", "CN=a,O=b", "CN=a,O=b"},
		{"RULE:^CN=(.*?),.*$/$1/", "CN=Alice,O=b", "Alice"},
		{"RULE:^CN=(.*?),.*$/$1/L", "CN=Alice,O=b", "alice"},
		{"RULE:^CN=(.*?),.*$/$1_x/U", "CN=Alice,O=b", "ALICE_X"},
		{"RULE:^CN=(.*?),OU=dev.*$/dev-$1/, RULE:^CN=(.*?),.*$/$1/, DEFAULT", "CN=x,OU=dev,O=b", "dev-x"},
		{"RULE:^CN=(.*?),OU=dev.*$/dev-$1/, RULE:^CN=(.*?),.*$/$1/, DEFAULT", "CN=x,OU=ops,O=b", "x"},
		{"RULE:^nothing$/$1/", "CN=x", ""},
		{`RULE:^CN=a\/(.*)$/$1/`, "CN=a/b", "b"},
		{"RULE:b/c/", "abc", ""}, // the whole subject must match
	}
	for _, tt := range tests {
		rules, err := acl.ParseRules(tt.rules)
		if err != nil {
			t.Errorf("%s: %v", tt.rules, err)
			continue
		}
		got, ok := rules.Name(tt.subject)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s of %s is %q, want %q", tt.rules, tt.subject, got, tt.want)
		}
	}
	for _, bad := range []string{"RULE:a", "RULE:a/b", "RULE:(/b/", "ANY", "RULE:a/b/X", "DEFAULTDEFAULT", strings.Repeat("DEFAULT,", 101)} {
		if _, err := acl.ParseRules(bad); !errors.Is(err, acl.ErrRules) {
			t.Errorf("%q passes: %v", bad, err)
		}
	}
}

func FuzzPrincipalRules(f *testing.F) {
	f.Add("RULE:^CN=(.*?),.*$/$1/L, DEFAULT", "CN=a,O=b")
	f.Add(`RULE:\`, "x")
	f.Fuzz(func(_ *testing.T, text, subject string) {
		if rules, err := acl.ParseRules(text); err == nil {
			rules.Name(subject)
		}
	})
}

func BenchmarkDecision(b *testing.B) {
	var all []acl.Binding
	for i := range 1000 {
		all = append(all, acl.Binding{Type: acl.Topic, Name: fmt.Sprint("team-", i, "-"), Pattern: acl.Prefixed, Principal: "User:alice", Host: "*", Operation: acl.Write, Permission: acl.Allow})
	}
	l, p, alice := acl.NewList(slices.Values(all)), &acl.Policy{}, acl.Subject{Principal: "User:alice", Host: "10.0.0.1"}
	b.ReportAllocs()
	for b.Loop() {
		if !l.Allows(p, alice, acl.Write, acl.Topic, "team-500-orders") {
			b.Fatal("refused")
		}
	}
}
