// Package cluster_test starts several servers on one PostgreSQL and holds them to what one server promises.
package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/tests/postgrestest"
	"github.com/pawl-registry/pawl/tests/product"
)

var database *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { database = s }))
}

// secret is a password that the server of the tests does not ask for; it must not show anywhere.
const secret = "s3cret-of-the-store"

// node is one server and a client that asks it alone.
type node struct {
	*product.Server
	*client.Client
}

func nodes(t *testing.T, n int) []node {
	t.Helper()
	u, err := url.Parse(database.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("pawl", secret)
	t.Setenv("PAWL_STORE", u.String())
	bin := product.Build(t)
	var all []node
	for range n {
		s := product.Start(t, bin, t.TempDir())
		c, err := client.New(client.Options{URLs: []string{s.Registry}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, node{s, c})
	}
	return all
}

func record(i int) openapi.SchemaRequest {
	return openapi.SchemaRequest{Schema: fmt.Sprintf(`{"type":"record","name":"R%d","fields":[{"name":"a","type":"int"}]}`, i)}
}

func TestTwoServersOnOneDatabaseAreOneRegistry(t *testing.T) {
	all := nodes(t, 2)

	// Half of the schemas are registered through both nodes at the same time, the other half through one of them.
	const schemas = 60
	ids := make([][]int, len(all))
	var writers sync.WaitGroup
	for n, at := range all {
		ids[n] = make([]int, schemas)
		for i := range schemas {
			if i%2 == 1 && i/2%2 != n {
				continue
			}
			writers.Go(func() {
				res, err := at.RegisterSchema(t.Context(), fmt.Sprintf("s%d", i), record(i), client.WriteOptions{})
				if err != nil {
					t.Errorf("node %d, schema %d: %v", n, i, err)
					return
				}
				ids[n][i] = res.ID
			})
		}
	}
	writers.Wait()
	owner := map[int]int{}
	for i := range schemas {
		a, b := ids[0][i], ids[1][i]
		if a != 0 && b != 0 && a != b {
			t.Errorf("schema %d has the IDs %d and %d", i, a, b)
		}
		id := max(a, b)
		if other, taken := owner[id]; taken || id == 0 {
			t.Errorf("schema %d has the ID %d, which is schema %d's", i, id, other)
		}
		owner[id] = i
	}
	for _, at := range all {
		if strings.Contains(at.Log(), secret) {
			t.Errorf("the log holds the password:\n%s", at.Log())
		}
	}
}

func TestEachServerReadsTheOthersWritesAtOnce(t *testing.T) {
	all := nodes(t, 2)
	for i := range 40 {
		writer, reader := all[i%2], all[1-i%2]
		subject := fmt.Sprintf("s%d", i%4)
		req := openapi.SchemaRequest{Schema: fmt.Sprintf(`{"type":"enum","name":"E","symbols":["A"],"default":"A","doc":"%d"}`, i)}
		res, err := writer.RegisterSchema(t.Context(), subject, req, client.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		latest, err := reader.Latest(t.Context(), subject)
		if err != nil || int(latest.ID) != res.ID {
			t.Fatalf("write %d: the other node has %+v, %v; want ID %d", i, latest, err, res.ID)
		}
		if _, err := reader.ByID(t.Context(), "", schema.ID(res.ID)); err != nil {
			t.Fatalf("write %d: ID %d at the other node: %v", i, res.ID, err)
		}
	}
	if _, err := all[0].SetConfig(t.Context(), "s0", client.ConfigChange{Set: openapi.Config{CompatibilityLevel: "FULL"}}); err != nil {
		t.Fatal(err)
	}
	_, err := all[1].RegisterSchema(t.Context(), "s0", openapi.SchemaRequest{Schema: `"string"`}, client.WriteOptions{})
	if !errors.Is(err, client.ErrIncompatible) {
		t.Errorf("a level set on one node is not in force on the other: %v", err)
	}
}

func TestAServerLearnsWhatHappenedBeforeItCame(t *testing.T) {
	all := nodes(t, 1)
	res, err := all[0].RegisterSchema(t.Context(), "s", record(1), client.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := all[0].Stop(ctx); err != nil {
		t.Fatal(err)
	}
	next := product.Start(t, product.Build(t), t.TempDir())
	c, err := client.New(client.Options{URLs: []string{next.Registry}})
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.Latest(t.Context(), "s")
	if err != nil || int(found.ID) != res.ID {
		t.Errorf("%+v, %v; want ID %d", found, err, res.ID)
	}
}
