package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
)

// FuzzSession writes bytes to a server that asks for authentication and decides by ACLs. Whatever they are, the session does not
// open, nothing but the three keys allowed before authentication is answered, and the connection ends.
func FuzzSession(f *testing.F) {
	var formatter kmsg.RequestFormatter
	hello := func(version int16, mechanism string) []byte {
		return formatter.AppendRequest(nil, &kmsg.SASLHandshakeRequest{Version: version, Mechanism: mechanism}, 1)
	}
	token := func(text string) []byte {
		return formatter.AppendRequest(nil, &kmsg.SASLAuthenticateRequest{Version: 2, SASLAuthBytes: []byte(text)}, 2)
	}
	metadata := formatter.AppendRequest(nil, &kmsg.MetadataRequest{Version: 1}, 3)
	f.Add(bytes.Join([][]byte{hello(1, "SCRAM-SHA-256"), token("n,,n=root,r=abc"), token("c=biws,r=abc,p=AAAA"), metadata}, nil))
	f.Add(bytes.Join([][]byte{hello(1, "PLAIN"), token("\x00root\x00guess"), metadata}, nil))
	f.Add(bytes.Join([][]byte{hello(0, "PLAIN"), binary.BigEndian.AppendUint32(nil, 11), []byte("\x00root\x00guess"), metadata}, nil))
	f.Add(append(hello(0, "PLAIN"), 0xff, 0xff, 0xff, 0xff))
	f.Add(append(token("x"), metadata...))
	f.Add(metadata)
	f.Add(bytes.Join([][]byte{hello(1, "OAUTHBEARER"), token("n,a=root,\x01auth=Bearer abc\x01\x01"), token("\x01"), metadata}, nil))
	f.Add(bytes.Join([][]byte{hello(1, "OAUTHBEARER"), token("n,,\x01x=y\x01auth=Bearer a.b.c\x01\x01"), metadata}, nil))
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	b, err := broker.Open(f.Context(), broker.Options{Logs: logtest.NewMemory(), Logger: quiet, RetentionEvery: -1})
	if err != nil {
		f.Fatal(err)
	}
	a, err := OpenAccess(f.Context(), b, AccessOptions{SASL: []string{"SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"}, Tokens: disbelief{}, Authorize: true, FailureDelay: time.Nanosecond, Logger: quiet})
	if err != nil {
		f.Fatal(err)
	}
	if err := a.SetPassword(f.Context(), "root", "correct horse battery staple"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		panicked := make(chan string, 2)
		s := NewServer(b, Options{Logger: slog.New(watch{slog.NewTextHandler(io.Discard, nil), panicked}), Advertised: "127.0.0.1:9092", Access: a})
		near, far := net.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c := newConn(s, far)
		done := make(chan struct{})
		go func() {
			c.serve(ctx)
			close(done)
		}()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_, _ = near.Write(input) // it fails once the server has had enough
		closeQuietly(near)
		<-done
		if ctx.Err() != nil {
			t.Error("the connection never ended")
		}
		if c.session.open || c.session.principal != anonymous {
			t.Errorf("the session is open to %s", c.session.principal)
		}
		select {
		case p := <-panicked:
			t.Error(p)
		default:
		}
	})
}

// disbelief believes no token.
type disbelief struct{}

func (disbelief) Verify(context.Context, string) (auth.Principal, error) {
	return auth.Principal{}, fault.New(auth.ErrUnauthenticated, "test", "no")
}
