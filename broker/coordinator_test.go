package broker_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/group"
)

func itoa(n int) string { return strconv.Itoa(n) }

// joining is a member of group "g" that joins in a goroutine of its own.
func joining(ctx context.Context, b *broker.Broker, member string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := b.JoinGroup(ctx, "g", group.Join{Member: member, Client: "c", Session: 10 * time.Second, Rebalance: 20 * time.Second,
			ProtocolType: "consumer", Protocols: []group.Protocol{{Name: "range"}}})
		done <- err
	}()
	return done
}

func TestTimersOfGroups(t *testing.T) {
	t.Run("a silent member is dropped when its session ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := open(t, broker.Options{Clock: time.Now})
			wantCode(t, <-joining(t.Context(), b, ""), nil)
			time.Sleep(9 * time.Second)
			if d, err := b.DescribeGroup("g"); err != nil || len(d.Members) != 1 {
				t.Fatalf("after 9 s: %+v, %v", d, err)
			}
			time.Sleep(2 * time.Second)
			_, err := b.DescribeGroup("g")
			wantCode(t, err, broker.ErrUnknownGroup)
		})
	})
	t.Run("heartbeats keep a member", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := open(t, broker.Options{Clock: time.Now})
			wantCode(t, <-joining(t.Context(), b, ""), nil)
			d, err := b.DescribeGroup("g")
			if err != nil {
				t.Fatal(err)
			}
			member := d.Members[0].ID
			if _, err := b.SyncGroup(t.Context(), "g", group.Sync{Member: member, Generation: 1}); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				time.Sleep(9 * time.Second)
				wantCode(t, b.Heartbeat("g", member, "", 1), nil)
			}
		})
	})
	t.Run("a rebalance does not wait for ever", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := open(t, broker.Options{Clock: time.Now})
			wantCode(t, <-joining(t.Context(), b, ""), nil)
			started := time.Now()
			wantCode(t, <-joining(t.Context(), b, ""), nil)
			if waited := time.Since(started); waited != 10*time.Second { // the first member's session ends before the rebalance does
				t.Errorf("the second member waited %s", waited)
			}
		})
	})
	t.Run("whoever gives up is dropped too", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := open(t, broker.Options{Clock: time.Now})
			wantCode(t, <-joining(t.Context(), b, ""), nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			wantCode(t, <-joining(ctx, b, ""), broker.ErrClosed)
			time.Sleep(time.Minute)
			_, err := b.DescribeGroup("g")
			wantCode(t, err, broker.ErrUnknownGroup)
		})
	})
	t.Run("closing the broker answers those who wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := open(t, broker.Options{Clock: time.Now})
			wantCode(t, <-joining(t.Context(), b, ""), nil)
			second := joining(t.Context(), b, "")
			synctest.Wait()
			if err := b.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantCode(t, <-second, broker.ErrClosed)
		})
	})
}
