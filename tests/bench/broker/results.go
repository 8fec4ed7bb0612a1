package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// results are the measurements of each workload on each server, round by round.
type results struct {
	workloads []string // in the order in which they came
	by        map[string]map[string][]measurement
}

func newResults() *results { return &results{by: map[string]map[string][]measurement{}} }

func (r *results) add(workload, server string, m measurement) {
	if r.by[workload] == nil {
		r.workloads = append(r.workloads, workload)
		r.by[workload] = map[string][]measurement{}
	}
	r.by[workload][server] = append(r.by[workload][server], m)
}

// write writes the tables, in Markdown.
func (r *results) write(b *strings.Builder, servers []*server) {
	if slices.ContainsFunc(r.workloads, throughput) {
		r.table(b, "MB/s", servers, func(m measurement) string { return fmt.Sprintf("%.0f", m.megabytes) }, func(m measurement) float64 { return m.megabytes })
		r.ratios(b)
		r.table(b, "the server's CPU, ms a MB", servers, func(m measurement) string { return fmt.Sprintf("%.2f", m.cpu) }, func(m measurement) float64 { return m.cpu })
	}
	r.paced(b)
	r.validation(b)
}

// table writes one figure of each throughput workload, the median of its rounds.
func (r *results) table(b *strings.Builder, what string, servers []*server, show func(measurement) string, by func(measurement) float64) {
	fmt.Fprintf(b, "\n| %s |", what)
	for _, s := range servers {
		fmt.Fprintf(b, " %s |", s.name)
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---:|", len(servers)))
	for _, name := range r.workloads {
		if !throughput(name) {
			continue
		}
		fmt.Fprintf(b, "| %s |", name)
		for _, s := range servers {
			fmt.Fprintf(b, " %s |", show(middle(r.by[name][s.name], by)))
		}
		b.WriteString("\n")
	}
}

func throughput(name string) bool {
	return strings.HasPrefix(name, "produce") || strings.HasPrefix(name, "consume")
}

// ratios are those that say how pawl stands to its peers.
func (r *results) ratios(b *strings.Builder) {
	pairs := [][2]string{{"pawl fsync", "kafka fsync"}, {"pawl os", "kafka os"}, {"pawl fsync", "kfake"}, {"pawl os", "kfake"}}
	b.WriteString("\n| ratio of MB/s, median of the rounds (lowest to highest) |")
	for _, p := range pairs {
		fmt.Fprintf(b, " %s / %s |", p[0], p[1])
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---:|", len(pairs)))
	for _, name := range r.workloads {
		if !throughput(name) {
			continue
		}
		fmt.Fprintf(b, "| %s |", name)
		for _, p := range pairs {
			fmt.Fprintf(b, " %s |", ratio(r.by[name][p[0]], r.by[name][p[1]], func(m measurement) float64 { return m.megabytes }))
		}
		b.WriteString("\n")
	}
}

// paced are latencies: the medians of each round's percentiles.
func (r *results) paced(b *strings.Builder) {
	for _, name := range r.workloads {
		if !strings.HasPrefix(name, "paced") {
			continue
		}
		fmt.Fprintf(b, "\n| %s | acknowledged p50 | p99 | read p50 | p99 | CPU, ms a MB |\n|---|---:|---:|---:|---:|---:|\n", name)
		for _, server := range sorted(r.by[name]) {
			all := r.by[name][server]
			fmt.Fprintf(b, "| %s |", server)
			for _, of := range []func(measurement) time.Duration{
				func(m measurement) time.Duration { return m.acked.at(0.50) }, func(m measurement) time.Duration { return m.acked.at(0.99) },
				func(m measurement) time.Duration { return m.read.at(0.50) }, func(m measurement) time.Duration { return m.read.at(0.99) },
			} {
				fmt.Fprintf(b, " %s |", milliseconds(of(middle(all, func(m measurement) float64 { return float64(of(m)) }))))
			}
			fmt.Fprintf(b, " %.2f |\n", middle(all, func(m measurement) float64 { return m.cpu }).cpu)
		}
	}
}

// validation is what it costs to look at each record's schema id.
func (r *results) validation(b *strings.Builder) {
	first := true
	for _, name := range r.workloads {
		codec, ok := strings.CutPrefix(name, "validate, ")
		if !ok {
			continue
		}
		if first {
			b.WriteString("\n| id validation, by compression | MB/s off | on | ratio of MB/s | server's CPU off, ms a MB | on | CPU of server and client off | on |\n" +
				"|---|---:|---:|---:|---:|---:|---:|---:|\n")
			first = false
		}
		names := sorted(r.by[name])
		off, on := r.by[name][names[0]], r.by[name][names[1]]
		speed := func(m measurement) float64 { return m.megabytes }
		cpu := func(m measurement) float64 { return m.cpu }
		both := func(m measurement) float64 { return m.cpu + m.client }
		fmt.Fprintf(b, "| %s | %.0f | %.0f | %s | %.2f | %.2f | %.2f | %.2f |\n", codec, middle(off, speed).megabytes, middle(on, speed).megabytes,
			ratio(on, off, speed), middle(off, cpu).cpu, middle(on, cpu).cpu, both(middle(off, both)), both(middle(on, both)))
	}
}

func sorted(by map[string][]measurement) []string {
	var names []string
	for name := range by {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// middle is the measurement with the median of a figure; of an even number the lower one.
func middle(all []measurement, by func(measurement) float64) measurement {
	if len(all) == 0 {
		return measurement{}
	}
	ordered := slices.SortedFunc(slices.Values(all), func(a, b measurement) int {
		switch {
		case by(a) < by(b):
			return -1
		case by(a) > by(b):
			return 1
		}
		return 0
	})
	return ordered[(len(ordered)-1)/2]
}

// ratio is the median of the ratios of each round, with the lowest and the highest.
func ratio(of, to []measurement, by func(measurement) float64) string {
	var all []float64
	for i := range min(len(of), len(to)) {
		all = append(all, by(of[i])/by(to[i]))
	}
	if len(all) == 0 {
		return "-"
	}
	slices.Sort(all)
	return fmt.Sprintf("%.2f (%.2f to %.2f)", all[(len(all)-1)/2], all[0], all[len(all)-1])
}
