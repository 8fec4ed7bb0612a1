package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sys/unix"
)

// records are allocated so many at a time: what is to be measured is the server.
const chunk = 1024

// produce writes the records with acks=all and idempotence, both of which are the client's defaults, and waits for every
// acknowledgement.
func produce(ctx context.Context, j *job) error {
	c, err := j.client(kgo.MaxBufferedRecords(200_000)) // of 100 bytes, enough for a request in flight and one being made for each partition
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	promise := func(_ *kgo.Record, err error) {
		if err != nil {
			cancel(err)
		}
	}
	var some []kgo.Record
	for i := range j.records {
		if len(some) == 0 {
			some = make([]kgo.Record, chunk)
		}
		some[0].Value = j.values[i%len(j.values)]
		c.Produce(ctx, &some[0], promise)
		some = some[1:]
	}
	if err := c.Flush(ctx); err != nil {
		return context.Cause(ctx)
	}
	return context.Cause(ctx)
}

// consume reads as many records as there are.
func consume(ctx context.Context, j *job) error {
	c, err := j.client(kgo.ConsumeTopics(j.topic))
	if err != nil {
		return err
	}
	defer c.Close()
	for n := 0; n < j.records; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		n += fetches.NumRecords()
	}
	return nil
}

// rate is the records a second of a paced run, which come in ticks.
const (
	rate = 20_000
	tick = time.Millisecond
)

// paced writes records at a given rate, each sent at once, while another client reads them, and notes how long each took
// until it was acknowledged and until it was read.
func paced(ctx context.Context, j *job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reader, err := j.client(kgo.ConsumeTopics(j.topic))
	if err != nil {
		return err
	}
	defer reader.Close()
	writer, err := j.client(kgo.ProducerLinger(0), kgo.MaxBufferedRecords(j.records))
	if err != nil {
		return err
	}
	defer writer.Close()
	j.acked.make(j.records)
	j.read.make(j.records)
	var reading sync.WaitGroup
	reading.Go(func() {
		if err := j.readPaced(ctx, reader); err != nil {
			cancel(err)
		}
	})
	j.writePaced(ctx, writer, cancel)
	if err := writer.Flush(ctx); err != nil {
		return context.Cause(ctx)
	}
	reading.Wait()
	return context.Cause(ctx)
}

// writePaced sends what is due at each tick, whether or not what went before was acknowledged.
func (j *job) writePaced(ctx context.Context, c *kgo.Client, cancel context.CancelCauseFunc) {
	var at atomic.Int64
	start := time.Now()
	for sent := 0; sent < j.records && ctx.Err() == nil; {
		due := min(int(time.Since(start)/tick+1)*(rate/int(time.Second/tick)), j.records)
		for ; sent < due; sent++ {
			begun := time.Now()
			value := append([]byte(nil), j.values[sent%len(j.values)]...)
			binary.BigEndian.PutUint64(value, uint64(begun.UnixNano()))
			c.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
				if err != nil {
					cancel(err)
				}
				j.acked.note(int(at.Add(1)-1), time.Since(begun))
			})
		}
		time.Sleep(tick - time.Since(start)%tick)
	}
}

func (j *job) readPaced(ctx context.Context, c *kgo.Client) error {
	for n := 0; n < j.records; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		now := time.Now().UnixNano()
		fetches.EachRecord(func(r *kgo.Record) {
			j.read.note(n, time.Duration(now-int64(binary.BigEndian.Uint64(r.Value))))
			n++
		})
	}
	return nil
}

// text returns values of one size that compress about as well as JSON does.
func text(size int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([][]byte, 512)
	for i := range words {
		words[i] = make([]byte, 3+random.IntN(8))
		for k := range words[i] {
			words[i][k] = byte('a' + random.IntN(26))
		}
	}
	all := make([][]byte, 64)
	for i := range all {
		for len(all[i]) < size {
			all[i] = append(append(all[i], words[random.IntN(len(words))]...), '"', ':', byte('0'+random.IntN(10)), ',')
		}
		all[i] = all[i][:size:size]
	}
	return all
}

// settle writes out what the page cache holds and collects garbage, so that one run does not pay for the one before.
func settle() {
	unix.Sync()
	runtime.GC()
}
