// Package metrics keeps the numbers of one server and writes them in the text form of Prometheus. It knows neither routes nor
// topics: whoever wires the server says what is counted, and sees to it that the values of labels are bounded. A Set is safe for
// concurrent use; there is no global one.
package metrics

import (
	"bytes"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// Set is a set of metrics. Make it with New.
type Set struct{ registry *prometheus.Registry }

// New returns a set that holds the numbers of the Go runtime and of the process.
func New() *Set {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Set{registry: r}
}

// Kind says how a number moves.
type Kind uint8

const (
	// Counter only grows until the server starts anew.
	Counter Kind = iota
	// Gauge goes up and down.
	Gauge
)

func (k Kind) value() prometheus.ValueType {
	if k == Counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}

// Family is one metric that is read when somebody asks for the numbers.
type Family struct {
	Name, Help string
	Kind       Kind
	Labels     []string
}

// Emit gives one value of a family, with as many values of labels as the family has labels.
type Emit func(family int, value float64, labels ...string)

// Read adds families whose values come from one snapshot: read is called for each question, and calls emit with the index of a
// family. A family that is in the set already is a mistake of the program and panics.
func (s *Set) Read(families []Family, read func(emit Emit)) {
	c := &snapshot{read: read}
	for _, f := range families {
		c.descs = append(c.descs, prometheus.NewDesc(f.Name, f.Help, f.Labels, nil))
		c.kinds = append(c.kinds, f.Kind.value())
	}
	s.registry.MustRegister(c)
}

// snapshot makes a collector of a function.
type snapshot struct {
	descs []*prometheus.Desc
	kinds []prometheus.ValueType
	read  func(Emit)
}

func (c *snapshot) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		to <- d
	}
}

func (c *snapshot) Collect(to chan<- prometheus.Metric) {
	c.read(func(family int, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(c.descs[family], c.kinds[family], value, labels...)
	})
}

// Text returns all numbers in the text form of Prometheus, and its media type.
func (s *Set) Text() (body []byte, media string, err error) {
	families, err := s.registry.Gather()
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	format := expfmt.NewFormat(expfmt.TypeTextPlain)
	encoder := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return nil, "", err
		}
	}
	return b.Bytes(), string(format), nil
}
