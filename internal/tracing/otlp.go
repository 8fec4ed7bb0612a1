package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// open makes the exporters of a configuration.
func (c *Config) open(o Options) ([]exporter, error) {
	about := newOrigin(c, o.Version)
	var all []exporter
	for _, name := range c.Exporters {
		if name == "console" {
			all = append(all, &console{to: os.Stdout, about: about})
			continue
		}
		e, err := newCollector(c.OTLP, about)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// collector sends spans to a collector over OTLP/HTTP (OTLP Specification 1.x, section OTLP/HTTP).
type collector struct {
	config OTLP
	about  *origin
	client *http.Client
}

func newCollector(c OTLP, about *origin) (*collector, error) {
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = secure
	// A redirect could take the headers, which may hold a key, to another host.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := &http.Client{Transport: transport, CheckRedirect: stay, Timeout: c.Timeout}
	return &collector{config: c, about: about, client: client}, nil
}

func (c *OTLP) tls() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fault.Wrap(ErrConfig, "tracing", err, "OTEL_EXPORTER_OTLP_CERTIFICATE cannot be read: %v", err)
		}
		if out.RootCAs = x509.NewCertPool(); !out.RootCAs.AppendCertsFromPEM(text) {
			return nil, fault.New(ErrConfig, "tracing", "OTEL_EXPORTER_OTLP_CERTIFICATE: %s holds no certificate (PEM)", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fault.Wrap(ErrConfig, "tracing", err, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE cannot be used: %v", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

func (c *collector) close() { c.client.CloseIdleConnections() }

// export sends a batch once.
func (c *collector) export(ctx context.Context, batch []*Span) (refused int, err error) {
	body, err := c.body(batch)
	if err != nil {
		return 0, err
	}
	return c.send(ctx, body)
}

func (c *collector) body(batch []*Span) ([]byte, error) {
	var body []byte
	var err error
	if c.config.JSON {
		body, err = c.about.json(batch)
	} else {
		body = c.about.protobuf(batch)
	}
	if err != nil || !c.config.Gzip {
		return body, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(body)
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

func (c *collector) media() string {
	if c.config.JSON {
		return "application/json"
	}
	return "application/x-protobuf"
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// send makes one request.
func (c *collector) send(ctx context.Context, body []byte) (refused int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("User-Agent", c.about.agent())
	for name, value := range c.config.Headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", c.media())
	if c.config.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	res, err := c.client.Do(r)
	if err != nil {
		return 0, &busyError{cause: err}
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case res.StatusCode/100 == 2 && err == nil:
		return refusedSpans(answer, c.config.JSON), nil
	case res.StatusCode/100 == 2:
		return 0, nil // it was taken
	}
	err = fmt.Errorf("the collector at %s answered %s", r.URL.Redacted(), res.Status)
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return 0, &busyError{cause: err, after: retryAfter(res.Header.Get("Retry-After"))}
	}
	return 0, err
}

// retryAfter reads Retry-After in seconds; dates are not worth a clock that agrees.
func retryAfter(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
