package crash_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/tests/product"
)

// schemas are those that the registry acknowledged.
type schemas struct {
	mu  sync.Mutex
	all []registered
}

type registered struct {
	subject string
	version int
	id      int
	text    string
}

func (s *schemas) register(l *load, writer int) {
	for i := 0; l.ctx.Err() == nil; i++ {
		ack := registered{subject: fmt.Sprintf("crash-%d-%d", writer, i%3)}
		ack.text = fmt.Sprintf(`{"type":"record","name":"R","fields":[{"name":"f_%d_%d_%d","type":"int","default":%d}]}`, l.round, writer, i, i)
		body, err := json.Marshal(map[string]string{"schema": ack.text})
		if err != nil {
			l.t.Error(err)
			return
		}
		req, err := http.NewRequestWithContext(l.ctx, http.MethodPost, l.server.Registry+"/subjects/"+ack.subject+"/versions", bytes.NewReader(body))
		if err != nil {
			l.t.Error(err)
			return
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		answer := struct{ ID, Version int }{}
		err = json.NewDecoder(res.Body).Decode(&answer)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			continue
		}
		ack.id, ack.version = answer.ID, answer.Version
		s.mu.Lock()
		s.all = append(s.all, ack)
		s.mu.Unlock()
	}
}

func (s *schemas) verify(t *testing.T, server *product.Server) {
	t.Helper()
	for _, ack := range s.all {
		res, err := http.Get(fmt.Sprintf("%s/subjects/%s/versions/%d", server.Registry, ack.subject, ack.version))
		if err != nil {
			t.Errorf("%s version %d: %v", ack.subject, ack.version, err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		got := struct {
			ID     int
			Schema string
		}{}
		if err := json.Unmarshal(body, &got); err != nil || got.ID != ack.id || got.Schema != ack.text {
			t.Errorf("%s version %d was acknowledged with id %d and %s; the server now says %d %s", ack.subject, ack.version, ack.id, ack.text, res.StatusCode, body)
		}
	}
}
