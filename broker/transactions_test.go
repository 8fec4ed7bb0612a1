package broker_test

import (
	"context"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/txn"
)

// written builds a batch of a transaction.
func written(t *testing.T, producer int64, epoch int16, sequence int32, values ...string) batch.Batch {
	t.Helper()
	return records(t, batch.Spec{Transactional: true, Producer: &batch.Producer{ID: producer, Epoch: epoch, BaseSequence: sequence}}, values...)
}

func produceIn(t *testing.T, p *broker.Partition, id string, b batch.Batch) error {
	t.Helper()
	pending, err := p.ProduceIn(t.Context(), broker.Sender{Client: "client", Principal: "User:ann", Address: "10.0.0.7"}, id, b)
	if err == nil {
		err = pending.Wait(t.Context())
	}
	return err
}

func stable(t *testing.T, p *broker.Partition) batch.Offset {
	t.Helper()
	o, _, err := p.LastStable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func begun(t *testing.T, b *broker.Broker, id string) (producer int64, epoch int16) {
	t.Helper()
	producer, epoch, err := b.InitTransactional(t.Context(), id, time.Minute, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	return producer, epoch
}

func TestARejectedBatchLeavesTheTransactionAsItWas(t *testing.T) {
	b := open(t, broker.Options{Validator: &asked{}})
	p := partition(t, create(t, b, "t", 1, map[string]string{"confluent.value.schema.validation": "true"}), 0)
	id, epoch := begun(t, b, "x")
	wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 0, "good")), nil)
	wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 1, "bad")), broker.ErrInvalidRecord)
	wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 1, "good")), nil)
	if got := stable(t, p); got != 0 {
		t.Errorf("the last stable offset is %d in the transaction, want 0", got)
	}
	_, next, err := b.EndTransaction(t.Context(), "x", txn.End{Producer: id, Epoch: epoch, Commit: true, Bump: true})
	if err != nil || next != epoch+1 {
		t.Fatalf("the next epoch is %d, %v", next, err)
	}
	if got := stable(t, p); got != 3 {
		t.Errorf("the last stable offset is %d after the commit, want 3", got)
	}
	if all, err := p.Aborted(t.Context(), 0, 3); err != nil || len(all) != 0 {
		t.Errorf("%v aborted, %v", all, err)
	}
}

func TestABatchOutsideOfItsTransactionIsRefused(t *testing.T) {
	b := open(t, broker.Options{})
	topic := create(t, b, "t", 2, nil)
	p, other := partition(t, topic, 0), partition(t, topic, 1)
	id, epoch := begun(t, b, "x")
	wantCode(t, produceIn(t, p, "", written(t, id, epoch, 0, "a")), txn.ErrState)
	wantCode(t, b.AddToTransaction(t.Context(), "x", id, epoch, []txn.Place{{Topic: "t", Partition: 0}}, 0), nil)
	wantCode(t, produceIn(t, p, "", written(t, id, epoch, 0, "a")), nil)
	wantCode(t, produceIn(t, other, "", written(t, id, epoch, 0, "a")), txn.ErrState)
	wantCode(t, produceIn(t, p, "", written(t, id, epoch+1, 0, "a")), txn.ErrFenced)
	_, err := produce(t, p, records(t, batch.Spec{Producer: &batch.Producer{ID: id, Epoch: epoch, BaseSequence: 1}}, "plain"))
	wantCode(t, err, txn.ErrState)
	_, _, err = b.EndTransaction(t.Context(), "x", txn.End{Producer: id, Epoch: epoch})
	wantCode(t, err, nil)
	wantCode(t, produceIn(t, p, "", written(t, id, epoch, 1, "late")), txn.ErrState)
	if got := stable(t, p); got != 2 {
		t.Errorf("the last stable offset is %d, want 2", got)
	}
}

// A broker that is not closed saves no state of its producers; one that is does. Either way transactions are as they were.
func TestTransactionsOutliveARestart(t *testing.T) {
	for _, closed := range []bool{false, true} {
		logs := logtest.NewMemory()
		b := open(t, broker.Options{Logs: logs})
		p := partition(t, create(t, b, "t", 1, nil), 0)
		id, epoch := begun(t, b, "x")
		wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 0, "aborted")), nil)
		id, epoch, err := b.EndTransaction(t.Context(), "x", txn.End{Producer: id, Epoch: epoch, Bump: true})
		wantCode(t, err, nil)
		wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 0, "open")), nil)
		if closed {
			wantCode(t, b.Close(context.Background()), nil)
		}

		b = open(t, broker.Options{Logs: logs.Reopen()})
		topic, err := b.Topic("t")
		wantCode(t, err, nil)
		p = partition(t, topic, 0)
		if got := stable(t, p); got != 2 {
			t.Errorf("closed %v: the last stable offset is %d, want 2", closed, got)
		}
		if all, err := p.Aborted(t.Context(), 0, 2); err != nil || len(all) != 1 || all[0] != (txn.Aborted{Producer: id, First: 0, Marker: 1}) {
			t.Errorf("closed %v: aborted are %v, %v", closed, all, err)
		}
		wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 1, "on")), nil)
		if _, _, err = b.EndTransaction(t.Context(), "x", txn.End{Producer: id, Epoch: epoch, Commit: true, Bump: true}); err != nil {
			t.Fatal(err)
		}
		if got := stable(t, p); got != 5 {
			t.Errorf("closed %v: the last stable offset is %d after the commit, want 5", closed, got)
		}
	}
}

func TestAnIdleTransactionalIDIsForgotten(t *testing.T) {
	now := noon
	logs := logtest.NewMemory()
	b := open(t, broker.Options{Logs: logs, Clock: func() time.Time { return now }, Transactions: broker.TransactionOptions{SweepEvery: -1}})
	begun(t, b, "x")
	now = now.Add(7 * 24 * time.Hour)
	b.SweepTransactions(t.Context())
	if _, err := b.Transaction("x"); err != nil {
		t.Fatalf("forgotten too early: %v", err)
	}
	now = now.Add(time.Second)
	b.SweepTransactions(t.Context())
	_, err := b.Transaction("x")
	wantCode(t, err, broker.ErrUnknownTransaction)
	_, err = open(t, broker.Options{Logs: logs.Reopen()}).Transaction("x")
	wantCode(t, err, broker.ErrUnknownTransaction)
}
