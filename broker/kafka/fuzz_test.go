package kafka

import (
	"context"
	"io"
	"log/slog"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
)

// FuzzConnection writes bytes to a server as a client would and closes. Whatever they are, the server must take or refuse them
// and let go of the connection; a panic is a failure, although the server would survive it.
func FuzzConnection(f *testing.F) {
	var formatter kmsg.RequestFormatter
	for _, a := range table() {
		for _, version := range []int16{a.min, a.max} {
			r := kmsg.RequestForKey(a.key)
			fill(reflect.ValueOf(r).Elem())
			r.SetVersion(version)
			if p, ok := r.(*kmsg.ProduceRequest); ok {
				b, err := batch.Build(nil, batch.Spec{}, []batch.Record{{Value: []byte("v")}})
				if err != nil {
					f.Fatal(err)
				}
				p.Acks, p.Topics[0].Topic, p.Topics[0].Partitions[0].Partition, p.Topics[0].Partitions[0].Records = 1, "t", 0, b
			}
			f.Add(formatter.AppendRequest(nil, r, 1))
		}
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, input []byte) {
		panicked := make(chan string, 2)
		logger := slog.New(watch{slog.NewTextHandler(io.Discard, nil), panicked})
		b, err := broker.Open(t.Context(), broker.Options{Logs: logtest.NewMemory(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), RetentionEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.CreateTopic(t.Context(), broker.NewTopic{Name: "t", Partitions: 1, Replicas: 1}, broker.Apply); err != nil {
			t.Fatal(err)
		}
		s := NewServer(b, Options{Logger: logger, MaxRequestBytes: 1 << 20, Advertised: "127.0.0.1:9092"})
		near, far := net.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() {
			newConn(s, far).serve(ctx)
			close(done)
		}()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_, _ = near.Write(input) // it fails once the server has had enough
		closeQuietly(near)
		<-done
		if ctx.Err() != nil {
			t.Error("the connection never ended")
		}
		select {
		case p := <-panicked:
			t.Error(p)
		default:
		}
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

// watch is a log handler that reports panics.
type watch struct {
	slog.Handler
	panicked chan string
}

func (w watch) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if text := a.Value.String(); len(text) > 6 && text[:6] == "panic:" {
			w.panicked <- text
		}
		return true
	})
	return nil
}
