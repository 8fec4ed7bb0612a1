// Package hostile_test sends what an enemy or a broken client would send, from the files in testdata, and checks that each
// input gets a clear refusal, that others are served all the while, and that memory stays bounded.
package hostile_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/tests/product"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxRSS bounds the memory of the server after all of it: the largest input is 40 MB.
const maxRSS = 600 << 20

var pawl string // of pawl, shared by all tests

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pawl-hostile-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if pawl, err = product.BuildIn(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

type hostileCase struct{ name, send, body, want string }

func load(t *testing.T, file string) []hostileCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []hostileCase
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch word {
		case "case":
			all = append(all, hostileCase{name: rest})
		case "send":
			all[len(all)-1].send = rest
		case "body":
			all[len(all)-1].body = rest
		case "want":
			all[len(all)-1].want = rest
		}
	}
	if len(all) < 10 {
		t.Fatalf("%s holds %d cases", file, len(all))
	}
	return all
}

var macro = regexp.MustCompile(`\$\{(\d+|hex) (.*?)\$\}`)

// expand replaces the macros of the files: ${N text$} and ${hex bytes$}.
func expand(s string) string {
	return macro.ReplaceAllStringFunc(s, func(m string) string {
		parts := macro.FindStringSubmatch(m)
		if parts[1] == "hex" {
			raw, err := hex.DecodeString(strings.ReplaceAll(parts[2], " ", ""))
			if err != nil {
				panic(err)
			}
			return string(raw)
		}
		n, err := strconv.Atoi(parts[1])
		if err != nil {
			panic(err)
		}
		return strings.Repeat(parts[2], n)
	})
}

func TestTheRegistryRefusesHostileRequests(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	for _, c := range load(t, "registry.txt") {
		t.Run(c.name, func(t *testing.T) {
			status, body := request(t, s, c)
			words := strings.SplitN(c.want, " ", 2)
			if !matches(words[0], status) {
				t.Errorf("status %d, want %s; body %.300s", status, words[0], body)
			}
			checkError(t, body)
			if len(words) > 1 && !strings.Contains(string(body), words[1]) {
				t.Errorf("the error does not say %q: %.300s", words[1], body)
			}
			othersAreServed(t, s)
		})
	}
	checkMemory(t, s)
}

func matches(want string, status int) bool {
	return want == strconv.Itoa(status) || want == fmt.Sprintf("%dxx", status/100)
}

func request(t *testing.T, s *product.Server, c hostileCase) (int, []byte) {
	t.Helper()
	words := strings.Fields(c.send)
	req, err := http.NewRequest(words[0], s.Registry, strings.NewReader(expand(c.body)))
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = "//" + req.URL.Host + words[1]
	if u, err := url.Parse(words[1]); err == nil {
		req.URL.Path, req.URL.RawPath = u.Path, u.RawPath
	}
	req.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	if len(words) > 2 {
		req.Header.Set("Content-Type", words[2])
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	res, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

func checkError(t *testing.T, body []byte) {
	t.Helper()
	var e struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Code == 0 || e.Message == "" {
		t.Errorf("no clear error: %.300s", body)
	}
	if len(e.Message) > 64<<10 {
		t.Errorf("the error message has %d bytes", len(e.Message))
	}
}

func TestTheBrokerSurvivesHostileBytes(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	for _, c := range load(t, "broker.txt") {
		t.Run(c.name, func(t *testing.T) {
			raw, err := hex.DecodeString(strings.ReplaceAll(expand(c.send), " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			answer, closed := exchange(t, s, raw)
			switch {
			case c.want == "closed" && !closed:
				t.Errorf("the connection stays open; answer %x", answer)
			case c.want == "answered" && len(answer) < 8:
				t.Errorf("no answer, closed=%v", closed)
			}
			othersAreServed(t, s)
		})
	}
	checkMemory(t, s)
}

// exchange sends raw bytes and reads until the server answers a whole frame or closes.
func exchange(t *testing.T, s *product.Server, raw []byte) (answer []byte, closed bool) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Brokers)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(raw); err != nil {
		return nil, true
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, !errors.Is(err, os.ErrDeadlineExceeded)
	}
	answer = make([]byte, min(binary.BigEndian.Uint32(size[:]), 1<<20))
	_, err = io.ReadFull(conn, answer)
	return answer, err != nil
}

// Damaged batches in well-formed requests get an error each, and the partition goes on.
func TestDamagedBatchesAreRefusedOneByOne(t *testing.T) {
	s := product.Start(t, pawl, filepath.Join(t.TempDir(), "data"))
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if res, err := kadm.NewClient(cl).CreateTopic(ctx, 1, 1, nil, "damaged"); err != nil || res.Err != nil {
		t.Fatalf("create topic: %v %v", err, res.Err)
	}
	good := goodBatch()
	for name, damage := range map[string]func(b []byte) []byte{
		"wrong checksum":              func(b []byte) []byte { b[17] ^= 0xff; return b },
		"flipped bit in the records":  func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"length longer than the data": func(b []byte) []byte { binary.BigEndian.PutUint32(b[8:], 1<<30); return b },
		"length of zero":              func(b []byte) []byte { binary.BigEndian.PutUint32(b[8:], 0); return b },
		"magic 1":                     func(b []byte) []byte { b[16] = 1; return b },
		"magic 9":                     func(b []byte) []byte { b[16] = 9; return b },
		"cut in the header":           func(b []byte) []byte { return b[:40] },
		"cut in the records":          func(b []byte) []byte { return b[:len(b)-2] },
		"two billion records":         func(b []byte) []byte { binary.BigEndian.PutUint32(b[57:], 1<<31-1); return resum(b) },
		"negative record count":       func(b []byte) []byte { binary.BigEndian.PutUint32(b[57:], 1<<31); return resum(b) },
		"offset delta out of step":    func(b []byte) []byte { binary.BigEndian.PutUint32(b[23:], 77); return resum(b) },
		"a codec that does not exist": func(b []byte) []byte { b[22] = 7; return resum(b) },
	} {
		t.Run(name, func(t *testing.T) {
			if code := produce(ctx, t, cl, damage(bytes.Clone(good))); code == 0 {
				t.Error("the batch was taken")
			} else {
				t.Logf("refused: %v", kerr.ErrorForCode(code))
			}
			othersAreServed(t, s)
		})
	}
	if code := produce(ctx, t, cl, good); code != 0 {
		t.Errorf("a good batch is refused afterwards: %v", kerr.ErrorForCode(code))
	}
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, "damaged")
	if err != nil {
		t.Fatal(err)
	}
	if end, _ := ends.Lookup("damaged", 0); end.Offset != 1 {
		t.Errorf("the partition ends at %d, want 1: a refused batch took an offset", end.Offset)
	}
}

func produce(ctx context.Context, t *testing.T, cl *kgo.Client, b []byte) int16 {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 5000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "damaged"
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = b
	topic.Partitions = append(topic.Partitions, p)
	req.Topics = append(req.Topics, topic)
	described, err := kadm.NewClient(cl).ListTopics(ctx, "damaged")
	if err != nil {
		t.Fatal(err)
	}
	req.Topics[0].TopicID = described["damaged"].ID
	res, err := req.RequestWith(ctx, cl)
	if err != nil {
		t.Fatalf("produce: %v", err)
	}
	return res.Topics[0].Partitions[0].ErrorCode
}

func othersAreServed(t *testing.T, s *product.Server) {
	t.Helper()
	if !s.Alive() {
		t.Fatalf("the server is gone; it said:\n%s", s.Log())
	}
	res, err := http.Get(s.Registry + "/subjects")
	if err != nil {
		t.Fatalf("the registry does not answer others: %v", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the registry answers others with %d", res.StatusCode)
	}
	if answer, _ := exchange(t, s, []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff}); len(answer) < 10 {
		t.Errorf("the broker does not answer others: %x", answer)
	}
}

func checkMemory(t *testing.T, s *product.Server) {
	t.Helper()
	rss, err := s.RSS()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("resident memory afterwards: %d MB", rss>>20)
	if rss > maxRSS {
		t.Errorf("the server holds %d MB, the bound is %d MB", rss>>20, maxRSS>>20)
	}
}
