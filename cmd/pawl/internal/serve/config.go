package serve

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/internal/tracing"
	"github.com/pawl-registry/pawl/registry"
)

// Config is what a server is started with.
type Config struct {
	HTTP       string        // listen address of the registry
	Kafka      string        // listen address of the broker
	Advertised string        // host:port that Kafka clients are told; empty is the address of the listener
	Data       string        // folder
	Store      string        // of the registry: embedded, postgres, or a postgres:// URL
	Postgres   string        // URL of the store postgres; never logged, for it may hold a password
	Flush      string        // fsync, interval or os
	FlushEvery time.Duration // with interval
	Validation string        // of records, in topics that ask for it: id or payload
	Level      string        // compatibility where nothing is configured
	Group      string        // id that the registry tells of itself

	ImmutableModes     bool // see registry.Options
	ValidateFields     bool
	ValidateNewSchemas bool
	RejectEmptySubject bool
	StrictReferences   bool

	Partitions int32 // of a topic that does not say
	AutoCreate bool
	LogFormat  string // text or json
	LogLevel   string // debug, info, warn or error
	Access     Access
	Edge       Edge
	MaxBody    int64 // of a request to the registry, in bytes
	Version    string
	Tracing    tracing.Config // by the OTEL_* variables
	TraceKafka bool           // also the requests of Kafka clients
}

func (c *Config) flags(f *pflag.FlagSet) {
	f.StringVar(&c.HTTP, "http", "127.0.0.1:8081", "address of the registry")
	f.StringVar(&c.Kafka, "kafka", "127.0.0.1:9092", "address of the Kafka listener")
	f.StringVar(&c.Advertised, "advertised", "", "address that Kafka clients are told to connect to; by default that of the listener")
	f.StringVar(&c.Data, "data", "./pawl-data", "folder of all data")
	f.StringVar(&c.Store, "store", "embedded", "store of the registry: embedded, or a URL such as postgres://user@host:5432/database, which any number of servers may share; one that holds a password belongs into the variable PAWL_STORE, where no process list shows it")
	f.StringVar(&c.Flush, "flush", "fsync", "when a record is acknowledged: fsync, once it survives a loss of power; interval, once the operating system has it, which is made to write it within --flush-interval; or os, and it writes when it likes")
	f.DurationVar(&c.FlushEvery, "flush-interval", time.Second, "how long, with --flush interval, an acknowledged record may be lost with the power")
	f.StringVar(&c.Validation, "validation", "id", "what topics ask of a record that want schema validation and do not say how deep (pawl.value.schema.validation.mode): id, a schema registered under the right subject, or payload, also a payload that fits it")
	f.StringVar(&c.Level, "level", string(compat.Backward), "compatibility level where nothing is configured")
	f.StringVar(&c.Group, "group-id", "schema-registry", "id that the registry tells of itself")
	f.BoolVar(&c.ImmutableModes, "immutable-modes", false, "refuse every change of a mode")
	f.BoolVar(&c.ValidateFields, "validate-fields", false, "refuse schemas with fields of reserved names, where nothing is configured")
	f.BoolVar(&c.ValidateNewSchemas, "validate-new-schemas", true, "judge new schemas strictly, where nothing is configured")
	f.BoolVar(&c.RejectEmptySubject, "reject-empty-subject", false, "refuse to register under the empty subject and under *")
	f.BoolVar(&c.StrictReferences, "strict-references", false, "refuse one name of a reference with two versions")
	f.Int32Var(&c.Partitions, "partitions", 1, "partitions of a topic that does not say")
	f.BoolVar(&c.AutoCreate, "auto-create", true, "create topics that clients ask for")
	f.Int64Var(&c.MaxBody, "max-body-bytes", 16<<20, "largest body of a request to the registry")
	f.BoolVar(&c.TraceKafka, "trace-kafka", false, "also trace the requests of Kafka clients, each of which is a trace of its own; where traces go is told by the variables of OpenTelemetry, such as OTEL_EXPORTER_OTLP_ENDPOINT")
	c.Access.flags(f)
	c.Edge.flags(f)
	f.StringVar(&c.LogFormat, "log-format", "text", "form of the log on standard error: text or json")
	f.StringVar(&c.LogLevel, "log-level", "info", "least level that is logged: debug, info, warn or error")
}

// settle brings the two ways to name a database into one: the URL as the store, or the store postgres with the URL beside it.
func (c *Config) settle() {
	if strings.HasPrefix(c.Store, "postgres://") || strings.HasPrefix(c.Store, "postgresql://") {
		c.Store, c.Postgres = "postgres", c.Store
	}
}

func (c *Config) check() error {
	if _, ok := compat.ParseLevel(c.Level); !ok {
		return cli.Usagef("--level %q: use one of %v", c.Level, compat.Levels)
	}
	if c.Flush != "fsync" && c.Flush != "interval" && c.Flush != "os" {
		return cli.Usagef("--flush %q: use fsync, interval or os", c.Flush)
	}
	if c.Flush == "interval" && c.FlushEvery < 10*time.Millisecond {
		return cli.Usagef("--flush-interval %s: use at least 10ms, or --flush fsync", c.FlushEvery)
	}
	if c.Validation != "id" && c.Validation != "payload" {
		return cli.Usagef("--validation %q: use id or payload", c.Validation)
	}
	switch {
	case c.Store != "embedded" && c.Store != "postgres":
		return cli.Usagef("--store names no store: use embedded, or a URL such as postgres://user@host:5432/database")
	case c.Store == "postgres" && c.Postgres == "":
		return cli.Usagef("--store postgres needs the URL of the database in the variable PAWL_POSTGRES, such as postgres://user:password@host:5432/database")
	case c.Data == "":
		return cli.Usagef("--data must name a folder")
	case c.Partitions < 1:
		return cli.Usagef("--partitions %d: a topic has at least one", c.Partitions)
	}
	if err := c.Access.check(); err != nil {
		return err
	}
	if err := c.Edge.check(); err != nil {
		return err
	}
	for flag, addr := range map[string]string{"http": c.HTTP, "kafka": c.Kafka, "advertised": c.Advertised} {
		if _, _, err := net.SplitHostPort(addr); err != nil && addr != "" {
			return cli.Usagef("--%s %q: use HOST:PORT, such as 127.0.0.1:9092", flag, addr)
		}
	}
	return nil
}

func (c *Config) level() broker.Level {
	if c.Validation == "payload" {
		return broker.CheckPayload
	}
	return broker.CheckID
}

// reads spares a registry that is alone on its store the question whether others wrote to it.
func (c *Config) reads() registry.Freshness {
	if c.Store == "embedded" {
		return registry.Local
	}
	return registry.Current
}

func (c *Config) durability() commitlog.Durability {
	if c.Flush == "fsync" {
		return commitlog.Fsync
	}
	return commitlog.OS
}

// syncs says how long the log may leave segments unsynced; 0 is its own default.
func (c *Config) syncs() time.Duration {
	if c.Flush == "interval" {
		return c.FlushEvery
	}
	return 0
}

// Logger returns the log that the configuration asks for.
func (c *Config) Logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(c.LogLevel))); err != nil {
		return nil, cli.Usagef("--log-level %q: use debug, info, warn or error", c.LogLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	switch c.LogFormat {
	case "text":
		return slog.New(tracing.Log(slog.NewTextHandler(w, options))), nil
	case "json":
		return slog.New(tracing.Log(slog.NewJSONHandler(w, options))), nil
	}
	return nil, cli.Usagef("--log-format %q: use text or json", c.LogFormat)
}
