package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pawl-registry/pawl/tests/bench/load"
)

// report is the figures of one run.
type report struct {
	Machine string    `json:"machine"`
	Started time.Time `json:"started"`
	Rows    []row     `json:"rows"`
}

// row is what one scenario cost on one server with a number of clients. Times are in microseconds.
type row struct {
	Scenario    string  `json:"scenario"`
	Subjects    int     `json:"subjects"`
	Clients     int     `json:"clients"`
	Server      string  `json:"server"`
	Requests    int     `json:"requests"`
	P50         float64 `json:"p50_us"`
	P99         float64 `json:"p99_us"`
	Throughput  float64 `json:"requests_per_second"`
	CPU         float64 `json:"cpu_us_per_request"`
	DatabaseCPU float64 `json:"database_cpu_us_per_request,omitempty"`
	RSS         float64 `json:"rss_mib"`
	Ratio       ratio   `json:"ratio_to_first_server"`
	Flatness    float64 `json:"cpu_ratio_to_fewest_subjects,omitempty"`
	Scaling     float64 `json:"requests_per_second_ratio_to_fewest_clients,omitempty"`
}

// ratio is a row divided by the row of the first server in the same run; 0 where there is nothing to divide.
type ratio struct {
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	Throughput float64 `json:"requests_per_second"`
	CPU        float64 `json:"cpu"`
}

func (r *report) add(scenario string, subjects int, l *load.Lane, res load.Result) {
	one := row{
		Scenario: scenario, Subjects: subjects, Clients: l.Clients, Server: l.Target.Name, Requests: len(res.Took),
		P50: micros(res.Quantile(0.5)), P99: micros(res.Quantile(0.99)), Throughput: res.Throughput(),
		CPU: micros(res.CPUPerRequest()), DatabaseCPU: micros(res.DatabasePerRequest()), RSS: float64(res.RSS) / (1 << 20),
	}
	for _, base := range r.Rows {
		if base.Scenario == scenario {
			one.compare(base)
		}
	}
	r.Rows = append(r.Rows, one)
}

// compare divides the row by an earlier one of its scenario if they differ in the server, in the number of subjects or in the
// number of clients alone. The earliest counts.
func (r *row) compare(base row) {
	server, subjects, clients := base.Server == r.Server, base.Subjects == r.Subjects, base.Clients == r.Clients
	switch {
	case !server && subjects && clients && r.Ratio == (ratio{}):
		r.Ratio = r.over(base)
	case server && !subjects && clients && r.Flatness == 0:
		r.Flatness = over(r.CPU, base.CPU)
	case server && subjects && !clients && r.Scaling == 0:
		r.Scaling = over(r.Throughput, base.Throughput)
	}
}

func (r *row) over(base row) ratio {
	return ratio{P50: over(r.P50, base.P50), P99: over(r.P99, base.P99), Throughput: over(r.Throughput, base.Throughput), CPU: over(r.CPU, base.CPU)}
}

func over(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func (r *report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func (r *report) writeTable(w io.Writer) error {
	var b strings.Builder
	b.WriteString("scenario\tsubjects\tclients\tserver\tp50\tp99\treq/s\tCPU\tdatabase CPU\tRSS MiB\tCPU by size\treq/s by clients\tp50 ratio\treq/s ratio\tCPU ratio\t\n")
	for _, x := range r.Rows {
		fmt.Fprintf(&b, "%s\t%d\t%d\t%s\t%s\t%s\t%.0f\t%s\t%s\t%.0f\t%s\t%s\t%s\t%s\t%s\t\n", x.Scenario, x.Subjects, x.Clients, x.Server,
			span(x.P50), span(x.P99), x.Throughput, span(x.CPU), span(x.DatabaseCPU), x.RSS, times(x.Flatness), times(x.Scaling),
			times(x.Ratio.P50), times(x.Ratio.Throughput), times(x.Ratio.CPU))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if _, err := io.WriteString(t, b.String()); err != nil {
		return err
	}
	return t.Flush()
}

func times(f float64) string {
	if f == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", f)
}

// span writes microseconds in a unit that fits.
func span(us float64) string {
	switch {
	case us == 0:
		return "-"
	case us < 1000:
		return fmt.Sprintf("%.0f us", us)
	case us < 1_000_000:
		return fmt.Sprintf("%.2f ms", us/1000)
	}
	return fmt.Sprintf("%.2f s", us/1_000_000)
}
