package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/broker/kafka"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/metrics"
	"github.com/pawl-registry/pawl/internal/tracing"
	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

// Server is a running registry and broker.
type Server struct {
	HTTP  string // where the registry listens
	URL   string // of the registry
	Kafka string // where the broker listens

	closers []closer // in the order of opening
	failed  chan error
}

// closer is one thing to close, named for errors.
type closer struct {
	name  string
	close func(context.Context) error
}

// Start opens everything and returns when both listeners accept. On failure nothing stays open.
func Start(ctx context.Context, cfg Config, formats *schema.Formats, logger *slog.Logger) (*Server, error) {
	s := &Server{failed: make(chan error, 2)}
	if err := s.start(ctx, cfg, formats, logger); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, cfg Config, formats *schema.Formats, logger *slog.Logger) error {
	gate, err := cfg.Access.gate(logger)
	if err != nil {
		return err
	}
	secure, err := cfg.Access.tls(logger)
	if err != nil {
		return err
	}
	listener, configs, err := cfg.Edge.listener()
	if err != nil {
		return err
	}
	// The listeners come first: a port in use is the commonest mistake, and finding it must not touch any data.
	httpListener, kafkaListener, err := s.listeners(ctx, cfg, secure != nil, logger)
	if err != nil {
		return err
	}
	front := rest.NewStartup(logger)
	drain := s.serveHTTP(httpListener, front, secure, logger)
	if err := s.lock(cfg.Data); err != nil {
		return err
	}
	tracer, err := s.openTracer(cfg, logger)
	if err != nil {
		return err
	}
	reg, err := s.openRegistry(ctx, cfg, formats, tracer, logger)
	if err != nil {
		return err
	}
	b, logs, err := s.openBroker(ctx, cfg, configs, reg, formats, logger)
	if err != nil {
		return err
	}
	access, err := cfg.Edge.open(ctx, b, logger)
	if err != nil {
		return err
	}
	numbers := metrics.New()
	requests := numbers.Requests(requestNames)
	listener.Advertised, listener.Logger, listener.Access, listener.Trace = cfg.Advertised, logger, access, traceKafka(tracer, cfg)
	edge := kafka.NewServer(b, listener)
	measureRegistry(numbers, reg)
	measureBroker(numbers, b, logs, edge)
	measureTracing(numbers, tracer)
	front.Open(rest.New(reg, rest.Options{
		Logger: logger, Version: cfg.Version, ClusterID: b.ClusterID(), Metrics: numbers.Text, Observe: requests.Observe, Tracer: tracer,
		Gate: gate, GroupID: cfg.Group, MaxBodyBytes: cfg.MaxBody,
	}))
	s.opened("http", drain)
	s.serveKafka(ctx, kafkaListener, edge)
	return nil
}

func (s *Server) listeners(ctx context.Context, cfg Config, secure bool, logger *slog.Logger) (registry, broker net.Listener, err error) {
	if registry, err = s.listen(ctx, "http", cfg.HTTP); err != nil {
		return nil, nil, err
	}
	if broker, err = s.listen(ctx, "kafka", cfg.Kafka); err != nil {
		return nil, nil, err
	}
	if broker, err = cfg.Edge.protect(broker, logger); err != nil {
		return nil, nil, err
	}
	s.HTTP, s.Kafka = registry.Addr().String(), broker.Addr().String()
	s.URL = "http://" + s.HTTP
	if secure {
		s.URL = "https://" + s.HTTP
	}
	return registry, broker, nil
}

func (s *Server) listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fault.Wrap(cli.ErrServer, "pawl serve", err, "cannot listen on %s (%s); is another server running there? choose another address with --%s", addr, reason(err), flag)
	}
	s.opened("listener "+flag, func(context.Context) error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

func (s *Server) lock(data string) error {
	files := vfs.OS(data)
	if err := files.MkdirAll("."); err != nil {
		return cli.File(err)
	}
	held, err := vfs.Lock(files, "LOCK")
	if errors.Is(err, vfs.ErrLocked) {
		return fault.Wrap(cli.ErrServer, "pawl serve", err, "the data folder %s belongs to a server that is running; stop it, or choose another folder with --data", data)
	}
	if err != nil {
		return cli.File(err)
	}
	s.opened("data folder", func(context.Context) error { return held.Close() })
	return nil
}

func (s *Server) openRegistry(ctx context.Context, cfg Config, formats *schema.Formats, tracer *tracing.Tracer, logger *slog.Logger) (*registry.Registry, error) {
	store, err := openStore(ctx, cfg, logger)
	if err != nil {
		return nil, err
	}
	s.opened("store", func(context.Context) error { return store.Close() })
	level, _ := compat.ParseLevel(cfg.Level) // checked with the flags
	reg, err := registry.New(ctx, registry.Options{
		Store: store, Formats: formats, Logger: logger, Trace: traceSteps(tracer), Level: level, Reads: cfg.reads(),
		ImmutableModes: cfg.ImmutableModes, ValidateFields: cfg.ValidateFields, SkipValidation: !cfg.ValidateNewSchemas,
		RejectEmptySubject: cfg.RejectEmptySubject, StrictReferences: cfg.StrictReferences,
	})
	if err != nil {
		return nil, err
	}
	s.opened("registry", func(context.Context) error { reg.Close(); return nil })
	return reg, nil
}

func (s *Server) openBroker(ctx context.Context, cfg Config, configs map[string]string, reg *registry.Registry, formats *schema.Formats, logger *slog.Logger) (*broker.Broker, *local.Engine, error) {
	logs, err := local.Open(ctx, vfs.OS(filepath.Join(cfg.Data, "log")), local.Options{Logger: logger, CheckpointEvery: cfg.syncs()})
	if err != nil {
		return nil, nil, err
	}
	s.opened("logs", func(context.Context) error { return logs.Close() })
	r := serde.NewResolver(schemas{reg}, formats, serde.Options{})
	b, err := broker.Open(ctx, broker.Options{
		Configs: configs, Logs: logs, Validator: validator{serde.NewValidator(r, serde.ValidatorOptions{})}, Validation: cfg.level(), Logger: logger, NodeID: 1,
		Durability: cfg.durability(), AutoCreate: cfg.AutoCreate, DefaultPartitions: cfg.Partitions,
	})
	if err != nil {
		return nil, nil, err
	}
	s.opened("broker", b.Close)
	return b, logs, nil
}

// serveHTTP serves until the server is closed, and returns what lets requests under way end before that: it is to be called while
// all that they need is open. The time limits are those of slow clients, not of slow work.
func (s *Server) serveHTTP(l net.Listener, h http.Handler, secure *tls.Config, logger *slog.Logger) (drain func(context.Context) error) {
	srv := &http.Server{
		Handler:           h,
		TLSConfig:         secure,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	go func() {
		serve := srv.Serve
		if secure != nil {
			serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fault.Wrap(cli.ErrServer, "pawl serve", err, "the registry stopped listening on %s", l.Addr())
		}
	}()
	s.opened("http connections", func(context.Context) error { return srv.Close() })
	return func(ctx context.Context) error {
		if err := srv.Shutdown(ctx); err != nil {
			return srv.Close()
		}
		return nil
	}
}

func (s *Server) serveKafka(ctx context.Context, l net.Listener, srv *kafka.Server) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ctx, l); err != nil {
			s.failed <- fault.Wrap(cli.ErrServer, "pawl serve", err, "the broker stopped listening on %s", l.Addr())
		}
	}()
	s.opened("kafka", func(limit context.Context) error {
		stop()
		select {
		case <-done:
			return nil
		case <-limit.Done():
			return fault.Wrap(cli.ErrServer, "pawl serve", limit.Err(), "Kafka requests did not end in time")
		}
	})
}

func (s *Server) opened(name string, close func(context.Context) error) {
	s.closers = append(s.closers, closer{name, close})
}

// Wait returns nil when ctx ends, or the reason why a listener stopped by itself.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// Close ends everything in the reverse order of opening; requests under way have until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	var failed error
	for i := len(s.closers) - 1; i >= 0; i-- {
		c := s.closers[i]
		if err := c.close(ctx); err != nil {
			failed = errors.Join(failed, fault.Wrap(cli.ErrServer, "pawl serve", err, "close %s: %v", c.name, err))
		}
	}
	s.closers = nil
	return failed
}
