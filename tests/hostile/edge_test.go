package hostile_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/product"
)

// A schema is never read from the server's disk: the files are there, and are what the reference asks for.
func TestReferencesReadNoFiles(t *testing.T) {
	dir := t.TempDir()
	s := product.Start(t, pawl, filepath.Join(dir, "data"))
	for name, text := range map[string]string{
		"a.json": `{"$id":"file://` + dir + `/a.json","type":"object"}`, "a.proto": "syntax = \"proto3\";\nmessage A {}\n", "a.avsc": `{"type":"record","name":"A","fields":[]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(wd, dir) // the server runs in this folder
	if err != nil {
		t.Fatal(err)
	}
	inputs := []submission{}
	for _, at := range []string{"file://" + dir, "file://localhost" + dir, "file:" + dir, dir, relative} {
		inputs = append(inputs,
			submission{format: "JSON", text: fmt.Sprintf(`{"$ref":"%s/a.json"}`, at)},
			submission{format: "JSON", text: fmt.Sprintf(`{"$id":"%s/","$ref":"a.json"}`, at)},
			submission{format: "JSON", text: fmt.Sprintf(`{"$schema":"%s/a.json","type":"object"}`, at)},
			submission{format: "PROTOBUF", text: fmt.Sprintf("syntax = \"proto3\";\nimport \"%s/a.proto\";\nmessage B { A a = 1; }", at)},
			submission{format: "AVRO", text: fmt.Sprintf(`{"type":"record","name":"B","fields":[{"name":"a","type":"%s/a.avsc"}]}`, at)})
	}
	for _, in := range inputs {
		if status, text := post(t, s, "/subjects/files/versions", in.body(t)); status != http.StatusUnprocessableEntity && !strings.Contains(in.text, "$schema") {
			t.Errorf("%s: %d %.300s", in.text, status, text)
		}
	}
	if log := s.Log(); strings.Contains(log, "a.json") {
		t.Errorf("the server speaks of the file:\n%s", log)
	}
}

// What a client claims to be forwarded for is nobody's name: it is neither counted nor believed nor logged.
func TestForgedAddressesChangeNothing(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"), "--log-level", "debug")
	for i := range 200 {
		req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/subjects/s%d/versions", s.Registry, i), strings.NewReader(`{"schema":"\"int\""}`))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i), "X-Real-IP": "203.0.113.7", "Forwarded": "for=203.0.113.7;by=203.0.113.8", "True-Client-IP": "203.0.113.9",
			"X-Forwarded-User": "admin203", "X-Forwarded-Prefix": "/evil203", "X-Original-URL": "/evil203", "X-HTTP-Method-Override": "DELETE", "X-Forward": "true",
		} {
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("request %d: %d %s", i, res.StatusCode, body)
		}
	}
	log := s.Log()
	if !strings.Contains(log, "/subjects/s199/versions") {
		t.Fatalf("the log does not hold the requests:\n%.500s", log)
	}
	for _, forged := range []string{"203.0.113", "admin203", "evil203"} {
		if strings.Contains(log, forged) {
			t.Errorf("the log repeats %s", forged)
		}
	}
}

// Heads of requests have a bound in size and in time, and so have connections that say nothing.
func TestHeadsOfRequestsAreBounded(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	addr := strings.TrimPrefix(s.Registry, "http://")
	t.Run("size", func(t *testing.T) {
		for name, head := range map[string]string{
			"one long field":   "GET /subjects HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", 200_000) + "\r\n\r\n",
			"many fields":      "GET /subjects HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Many: a\r\n", 20_000) + "\r\n",
			"a long target":    "GET /subjects/" + strings.Repeat("a", 200_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"an endless field": "GET /subjects HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", 1<<20),
		} {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(maxTime))
			go func() { _, _ = io.WriteString(conn, head) }() // the server may stop reading
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				t.Errorf("%s: no answer", name)
			case err == nil && res.StatusCode != http.StatusRequestHeaderFieldsTooLarge:
				t.Errorf("%s: %s", name, res.Status)
			}
			_ = conn.Close()
		}
		othersAreServed(t, s)
	})
	t.Run("time", func(t *testing.T) {
		conns := map[string]net.Conn{}
		start := time.Now()
		for name, begin := range map[string]string{"half a head": "GET /subjects HTTP/1.1\r\nHost: x\r\nX-Slow: ", "half a line": "GET /sub", "nothing": ""} {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, begin); err != nil {
				t.Fatal(err)
			}
			conns[name] = conn
		}
		for name, conn := range conns {
			_ = conn.SetReadDeadline(start.Add(3 * maxTime))
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("after %s the server waits for ever", name)
			}
			t.Logf("closed after %s and %v", name, time.Since(start).Round(time.Second))
		}
		othersAreServed(t, s)
	})
}

// Bodies beyond the limit are refused without being read to the end, whether they say how long they are or not.
func TestBodiesAreBounded(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	for _, announced := range []bool{true, false} {
		endless := io.Reader(strings.NewReader(`{"schema":"` + strings.Repeat("a", 64<<20)))
		if !announced {
			endless = io.MultiReader(endless) // hides the length, so that the body is sent in chunks
		}
		req, err := http.NewRequest(http.MethodPost, s.Registry+"/subjects/s/versions", endless)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // the server closed the connection while the body was being sent, which says the same
		}
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("announced = %t: %s", announced, res.Status)
		}
		_ = res.Body.Close()
	}
	othersAreServed(t, s)
	checkMemory(t, s)
}
