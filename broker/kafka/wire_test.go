package kafka_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// dial connects to the server without a client in between.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return nc
}

// frame encodes a request at its version.
func frame(r kmsg.Request, correlation int32) []byte {
	var f kmsg.RequestFormatter
	return f.AppendRequest(nil, r, correlation)
}

// receive reads one response and returns its correlation id and what follows.
func receive(t *testing.T, nc net.Conn) (correlation int32, body []byte) {
	t.Helper()
	var size [4]byte
	if _, err := io.ReadFull(nc, size[:]); err != nil {
		t.Fatalf("no response: %v", err)
	}
	body = make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(nc, body); err != nil {
		t.Fatal(err)
	}
	return int32(binary.BigEndian.Uint32(body)), body[4:]
}

// ask sends a request by hand and decodes the response.
func ask(t *testing.T, addr string, r kmsg.Request) kmsg.Response {
	t.Helper()
	return askOn(t, dial(t, addr), r)
}

// askOn is ask on a connection that stays.
func askOn(t *testing.T, nc net.Conn, r kmsg.Request) kmsg.Response {
	t.Helper()
	if _, err := nc.Write(frame(r, 77)); err != nil {
		t.Fatal(err)
	}
	correlation, body := receive(t, nc)
	if correlation != 77 {
		t.Fatalf("correlation id %d", correlation)
	}
	response := r.ResponseKind()
	response.SetVersion(r.GetVersion())
	if r.IsFlexible() && r.Key() != 18 {
		if body[0] != 0 {
			t.Fatalf("the response header has tags: %x", body[0])
		}
		body = body[1:]
	}
	if err := response.ReadFrom(body); err != nil {
		t.Fatalf("response of %s version %d: %v", kmsg.NameForKey(r.Key()), r.GetVersion(), err)
	}
	return response
}

// exchange asks with the defaults of a key, filled in just enough to be answered.
func exchange(t *testing.T, addr string, key, version int16) {
	r := kmsg.RequestForKey(key)
	r.SetVersion(version)
	switch r := r.(type) {
	case *kmsg.JoinGroupRequest:
		r.Group, r.SessionTimeoutMillis, r.RebalanceTimeoutMillis, r.ProtocolType = "g", 10_000, 10_000, "consumer"
	case *kmsg.ProduceRequest:
		r.Acks = -1
	case *kmsg.FetchRequest:
		r.MinBytes, r.MaxWaitMillis = 1, 1
	}
	ask(t, addr, r)
}
