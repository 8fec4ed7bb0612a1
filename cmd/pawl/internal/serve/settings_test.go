package serve_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
)

// printed runs `pawl config print -o json` with an environment and returns what it prints, by name, and what it says.
func printed(t *testing.T, environ []string, args ...string) (map[string]serve.Shown, string, error) {
	t.Helper()
	var out, talk bytes.Buffer
	a := &cli.App{Out: &out, Err: &talk, Output: "json", Environ: func() []string { return environ }, Lookup: func(name string) (string, bool) {
		for _, pair := range environ {
			if n, v, _ := strings.Cut(pair, "="); n == name {
				return v, true
			}
		}
		return "", false
	}}
	c := serve.ConfigCommand(a)
	c.SilenceErrors, c.SilenceUsage = true, true
	one, _, err := c.Find([]string{"print"})
	if err != nil {
		t.Fatal(err)
	}
	c.SetArgs(append([]string{"print"}, args...))
	one.PreRunE = serve.Before(a)
	err = c.Execute()
	all := map[string]serve.Shown{}
	if out.Len() > 0 {
		var list []serve.Shown
		if err := json.Unmarshal(out.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			all[s.Name] = s
		}
	}
	return all, talk.String(), err
}

func TestTheStrongerSourceWins(t *testing.T) {
	dir := t.TempDir()
	yaml := file(t, filepath.Join(dir, "pawl.yaml"), []byte(`
http: 127.0.0.1:1
kafka: 127.0.0.1:2
level: FULL
partitions: 3
log: {format: json, level: debug}
auto_create: false
nonsense: 1
`))
	properties := file(t, filepath.Join(dir, "sr.properties"), []byte(`
# Confluent
listeners=http\://0.0.0.0:4
schema.compatibility.level = \
    none
kafkastore.bootstrap.servers: PLAINTEXT://kafka:9092
mode.mutability=false
schema.validate.fields true
`))
	environ := []string{
		"PAWL_KAFKA=127.0.0.1:5", "PAWL_HTTP=127.0.0.1:6", "PAWL_TYPO=1", "PAWL_REGISTRY_TOKEN=s3cret", "HOME=/",
		"SCHEMA_REGISTRY_SCHEMA_REGISTRY_GROUP_ID=mine", "SCHEMA_REGISTRY_HOST_NAME=h", "SCHEMA_REGISTRY_SCHEMA_VALIDATE_FIELDS=false",
	}
	got, talk, err := printed(t, environ, "--http", "127.0.0.1:7", "--config", yaml, "--properties", properties)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"http":            {"127.0.0.1:7", "flag"},
		"kafka":           {"127.0.0.1:5", "variable PAWL_KAFKA"},
		"level":           {"FULL", "file " + yaml},
		"partitions":      {"3", "file " + yaml},
		"log-format":      {"json", "file " + yaml},
		"log-level":       {"debug", "file " + yaml},
		"auto-create":     {"false", "file " + yaml},
		"group-id":        {"mine", "variable SCHEMA_REGISTRY_SCHEMA_REGISTRY_GROUP_ID"},
		"validate-fields": {"false", "variable SCHEMA_REGISTRY_SCHEMA_VALIDATE_FIELDS"},
		"immutable-modes": {"true", "file " + properties},
		"config":          {yaml, "flag"},
		"properties":      {properties, "flag"},
	}
	have := map[string][2]string{}
	for name, s := range got {
		have[name] = [2]string{s.Value, s.Origin}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{
		"PAWL_TYPO is no setting", "there is no setting nonsense", "variable SCHEMA_REGISTRY_HOST_NAME: host.name has no effect",
		"kafkastore.bootstrap.servers has no effect",
	} {
		if !strings.Contains(talk, line) {
			t.Errorf("nobody says %q: %s", line, talk)
		}
	}
	if n := strings.Count(talk, "\n"); n != 4 {
		t.Errorf("%d warnings: %s", n, talk)
	}
}

func TestEffectiveSettingsHoldTheDefaultsAndNoSecret(t *testing.T) {
	environ := []string{"PAWL_STORE=postgres://pawl:s3cret@db:5432/pawl?sslpassword=s3cret"}
	got, talk, err := printed(t, environ, "--effective")
	if err != nil {
		t.Fatal(err)
	}
	if s := got["partitions"]; s.Value != "1" || s.Origin != "default" {
		t.Errorf("%+v", s)
	}
	if s := got["store"]; !strings.HasPrefix(s.Value, "postgres://pawl:xxxxx@db:5432/pawl") || s.Origin != "variable PAWL_STORE" {
		t.Errorf("%+v", s)
	}
	for name, s := range got {
		if strings.Contains(s.Value, "s3cret") || strings.Contains(talk, "s3cret") {
			t.Errorf("%s shows the password", name)
		}
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"partitions: many":  `partitions`,
		"partitions: 0":     "--partitions 0",
		"level: [":          "did not find",
		"level: 1.5":        "a setting is a text",
		"auth: basic":       "--auth needs --auth-roles",
		"auth-roles: roles": "no effect without --auth",
		"tls: {cert: c}":    "--tls-cert and --tls-key go together",
		"auth: [magic]":     `--auth "magic"`,
	} {
		path := file(t, filepath.Join(dir, "c.yaml"), []byte(text))
		if _, _, err := printed(t, nil, "--config", path); cli.Status(err) != cli.Usage || !strings.Contains(cli.Message(err), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
	if _, _, err := printed(t, []string{"SCHEMA_REGISTRY_LISTENERS=http://a:1,https://a:2"}); cli.Status(err) != cli.Usage {
		t.Errorf("two listeners: %v", err)
	}
	if _, _, err := printed(t, nil, "--config", filepath.Join(dir, "none")); cli.Status(err) != cli.Usage {
		t.Errorf("a file that is missing: %v", err)
	}
}

func TestWhatHasNoEffectBesideTheRestIsNamed(t *testing.T) {
	dir := t.TempDir()
	htpasswd, roles := file(t, filepath.Join(dir, "users"), nil), file(t, filepath.Join(dir, "roles"), nil)
	for _, c := range []struct {
		environ []string
		args    string
		want    []string
	}{
		{nil, "--http 127.0.0.1:0", nil},
		{nil, "--auth-audience x --auth-algorithms RS256", []string{"--auth-algorithms (flag) has no effect without --auth bearer", "--auth-audience (flag) has"}},
		{nil, "--auth basic --auth-roles " + roles + " --auth-htpasswd " + htpasswd + " --auth-issuer http://i", []string{"--auth-issuer (flag) has no effect without --auth bearer"}},
		{[]string{"PAWL_AUTH_NAME_CLAIM=x"}, "", []string{"--auth-name-claim (variable PAWL_AUTH_NAME_CLAIM) has no effect"}},
		{[]string{"PAWL_TRACE_KAFKA=true"}, "", []string{"--trace-kafka (variable PAWL_TRACE_KAFKA) has no effect without a collector"}},
		{[]string{"PAWL_POSTGRES=postgres://u:s3cret@h/d"}, "", []string{"PAWL_POSTGRES has no effect"}},
		{[]string{"PAWL_POSTGRES=postgres://u:s3cret@h/d"}, "--store postgres", nil},
		{[]string{"PAWL_POSTGRES=postgres://u:s3cret@h/d"}, "--store postgres://other/d", []string{"PAWL_POSTGRES has no effect"}},
		{[]string{"PAWL_KAFKA_ADMIN=u:s3cret"}, "", []string{"PAWL_KAFKA_ADMIN has no effect without --kafka-sasl"}},
		{[]string{"PAWL_KAFKA_ADMIN=u:s3cret"}, "--kafka-sasl PLAIN", nil},
	} {
		_, talk, err := printed(t, c.environ, strings.Fields(c.args)...)
		if err != nil || strings.Contains(talk, "s3cret") {
			t.Errorf("%v %s: %v", c.environ, c.args, err)
		}
		if n := strings.Count(talk, "\n"); n != len(c.want) {
			t.Errorf("%v %s: %d warnings: %s", c.environ, c.args, n, talk)
		}
		for _, want := range c.want {
			if !strings.Contains(talk, want) {
				t.Errorf("%v %s: nobody says %q: %s", c.environ, c.args, want, talk)
			}
		}
	}
}

func TestWhatComesFromVariablesAloneIsShownAndMasked(t *testing.T) {
	got, _, err := printed(t, []string{"PAWL_POSTGRES=postgres://u:s3cret@h/d", "PAWL_KAFKA_ADMIN=u:s3cret"}, "--store", "postgres", "--kafka-sasl", "PLAIN")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]serve.Shown{
		"store":       {Name: "store", Value: "postgres", Origin: "flag"},
		"kafka-sasl":  {Name: "kafka-sasl", Value: "[PLAIN]", Origin: "flag"},
		"postgres":    {Name: "postgres", Value: "postgres://u:xxxxx@h/d", Origin: "variable PAWL_POSTGRES"},
		"kafka-admin": {Name: "kafka-admin", Value: "(hidden)", Origin: "variable PAWL_KAFKA_ADMIN"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Who asked for TLS in Confluent's words must not get a server without it.
func TestASecureListenerNeedsACertificate(t *testing.T) {
	environ := []string{"SCHEMA_REGISTRY_LISTENERS=https://127.0.0.1:0"}
	if _, _, err := printed(t, environ); cli.Status(err) != cli.Usage || !strings.Contains(cli.Message(err), "--tls-cert") {
		t.Errorf("%v", err)
	}
	if got, _, err := printed(t, environ, "--tls-cert", "c", "--tls-key", "k"); err != nil || got["http"].Value != "127.0.0.1:0" {
		t.Errorf("%v %v", got, err)
	}
	if _, _, err := printed(t, environ, "--http", "127.0.0.1:1"); err != nil {
		t.Errorf("a stronger source says where to listen, and in the clear: %v", err)
	}
}

func FuzzProperties(f *testing.F) {
	for _, s := range []string{"", "a=b", `a\=b:c`, "a b\\\n  c", "!x\n#y\na", `a=\u0041\t\`, "\\\n\\\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, value := range serve.Properties(text) {
			if len(name)+len(value) > len(text) {
				t.Errorf("%q=%q out of %q", name, value, text)
			}
		}
	})
}

func TestPropertiesAreReadAsJavaReadsThem(t *testing.T) {
	got := serve.Properties("a=1\n b : 2\r\nc 3\n#d=4\n!e=5\nf\\:g=h\\\\\ni=j\\\n   k\nl\nm=\n= n\no=p=q \n")
	want := map[string]string{"a": "1", "b": "2", "c": "3", "f:g": `h\`, "i": "jk", "l": "", "m": "", "": "n", "o": "p=q "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
