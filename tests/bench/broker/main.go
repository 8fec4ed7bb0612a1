package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	pawl      string // the binary
	kafka     string // the folder of Kafka's jars; empty: without Kafka
	dir       string // for the servers' data
	rounds    int
	megabytes int
	paced     time.Duration
	only      pattern // of workloads
	servers   pattern
	page      string // to write the tables into
}

// pattern is a flag that selects names; without a value it selects all.
type pattern struct{ *regexp.Regexp }

// Set implements flag.Value.
func (p *pattern) Set(text string) (err error) {
	p.Regexp, err = regexp.Compile(text)
	return err
}

// String implements flag.Value.
func (p *pattern) String() string {
	if p.Regexp == nil {
		return ""
	}
	return p.Regexp.String()
}

func (p pattern) match(name string) bool { return p.Regexp == nil || p.MatchString(name) }

func main() {
	if len(os.Args) == 2 && os.Args[1] == kfakeCommand {
		exit(serveKfake())
	}
	var o options
	flag.StringVar(&o.pawl, "pawl", "../../../bin/pawl", "binary to measure")
	flag.StringVar(&o.kafka, "kafka", "", "folder of Apache Kafka's jars, see scripts/kafka-jars; empty: without it")
	flag.StringVar(&o.dir, "dir", "", "folder on the disk to measure; by default a temporary one")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each workload runs on each server; one more goes before, to warm up, and is not counted")
	flag.IntVar(&o.megabytes, "mb", 512, "megabytes that one run of a workload moves")
	flag.DurationVar(&o.paced, "paced", 5*time.Second, "length of one run at a given rate")
	flag.Var(&o.only, "only", "regular expression: run the workloads that it matches, alone")
	flag.Var(&o.servers, "servers", "regular expression: start the servers that it matches, alone: pawl fsync, pawl os, kafka, kfake")
	flag.StringVar(&o.page, "page", "", "file in which the tables take the place of the ones before, between its two marks; they are printed in any case")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, o options) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "pawl-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	servers, err := startAll(ctx, o)
	defer func() { err = errors.Join(err, stopAll(servers)) }()
	if err != nil {
		return err
	}
	results := newResults()
	for _, w := range workloads(o) {
		if !o.only.match(w.name) {
			continue
		}
		if err := repeat(ctx, o, w, servers, results); err != nil {
			return err
		}
	}
	var report strings.Builder
	results.write(&report, servers)
	if o.only.match("memory") {
		if err := memory(ctx, o, &report); err != nil {
			return err
		}
	}
	fmt.Print(report.String())
	if o.page == "" {
		return nil
	}
	return publish(o.page, report.String())
}

// repeat runs one workload on each server in turn, round after round; who goes first moves on with each round.
func repeat(ctx context.Context, o options, w workload, servers []*server, results *results) error {
	servers = w.among(servers)
	for round := range o.rounds + 1 {
		for i := range servers {
			s := servers[(i+round)%len(servers)]
			m, err := measure(ctx, w, s, round)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", w.name, s.name, err)
			}
			if round > 0 {
				results.add(w.name, s.name, m)
				fmt.Fprintf(os.Stderr, "%-34s %-12s %s\n", w.name, s.name, m)
			}
		}
	}
	return nil
}

// among returns the servers that w runs on.
func (w workload) among(servers []*server) (some []*server) {
	for _, s := range servers {
		if w.on != nil && !w.on(s) {
			continue
		}
		some = append(some, s)
		if w.twins {
			some = append(some, s.twin())
		}
	}
	return some
}
