package logfiles

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
)

// dumper prints batches of logs.
type dumper struct {
	app      *cli.App
	source   source
	from, to int64
	records  bool
	out      *bufio.Writer
	failed   error // of the output
	damage   int
}

func dump(a *cli.App) *cobra.Command {
	d := &dumper{app: a}
	c := &cobra.Command{
		Use:   "dump LOG...",
		Short: "Print the batches or the records of logs, one a line",
		Long: `Print the batches, or with --records the records, of the logs named, one a line; with -o json as lines of JSON. A log is called
<topic>-<partition>. What cannot be read is told on standard error, and the exit status is 1.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			archive, held, err := d.source.open()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, held.Close()) }()
			logs, err := choose(archive, args)
			if err != nil {
				return err
			}
			return d.run(archive, logs)
		},
	}
	d.source.flags(c)
	c.Flags().Int64Var(&d.from, "from", 0, "first offset to print")
	c.Flags().Int64Var(&d.to, "to", math.MaxInt64, "offset to stop before")
	c.Flags().BoolVar(&d.records, "records", false, "print records instead of batches")
	return c
}

func (d *dumper) run(archive *local.Archive, logs []local.ArchivedLog) error {
	d.out = bufio.NewWriterSize(d.app.Out, 64<<10)
	for _, l := range logs {
		err := archive.Each(l, func(file string, at int64, b batch.Batch) bool { return d.batch(l, file, at, b) }, d.finding)
		if err != nil {
			return cli.File(err)
		}
	}
	if err := errors.Join(d.failed, d.out.Flush()); err != nil {
		return fault.Wrap(cli.ErrOutput, "pawl log dump", err, "standard output: %v", err)
	}
	if d.damage > 0 {
		return fault.New(cli.ErrFindings, "pawl log dump", "%d damaged places", d.damage)
	}
	return nil
}

func (d *dumper) finding(f local.Finding) {
	if f.Damage {
		d.damage++
	}
	d.app.Say("%s, byte %d: %s", f.File, f.At, f.What)
}

func (d *dumper) batch(l local.ArchivedLog, file string, at int64, b batch.Batch) bool {
	if int64(b.BaseOffset()) >= d.to {
		return false
	}
	if int64(b.LastOffset()) < d.from {
		return true
	}
	if !d.records {
		d.print(newBatchLine(l.Name, file, at, b))
		return d.failed == nil
	}
	err := b.Records(batch.MaxSize, func(_ int, r batch.Record) bool {
		if int64(r.Offset) >= d.from && int64(r.Offset) < d.to {
			d.print(newRecordLine(l.Name, b, r))
		}
		return d.failed == nil
	})
	if err != nil {
		d.finding(local.Finding{File: file, At: at, What: "the records cannot be read: " + fault.DetailOf(err), Damage: true})
	}
	return d.failed == nil
}

// line is what is printed of a batch or a record.
type line interface{ text() string }

func (d *dumper) print(l line) {
	if d.failed != nil {
		return
	}
	if !d.app.JSON() {
		_, d.failed = d.out.WriteString(l.text() + "\n")
		return
	}
	e := json.NewEncoder(d.out)
	e.SetEscapeHTML(false)
	d.failed = e.Encode(l)
}

type batchLine struct {
	Log           string `json:"log"`
	File          string `json:"file"`
	At            int64  `json:"at"` // byte in the file
	Bytes         int    `json:"bytes"`
	Base          int64  `json:"baseOffset"`
	Last          int64  `json:"lastOffset"`
	Records       int    `json:"records"`
	Codec         string `json:"codec"`
	MaxTimestamp  string `json:"maxTimestamp,omitempty"`
	LeaderEpoch   int32  `json:"leaderEpoch"`
	Producer      *int64 `json:"producerId,omitempty"`
	Epoch         *int16 `json:"producerEpoch,omitempty"`
	Sequence      *int32 `json:"baseSequence,omitempty"`
	Transactional bool   `json:"transactional,omitempty"`
	Control       bool   `json:"control,omitempty"`
	DeleteHorizon string `json:"deleteHorizon,omitempty"`
	CRC           string `json:"crc"`
}

func newBatchLine(log, file string, at int64, b batch.Batch) batchLine {
	l := batchLine{
		Log: log, File: file, At: at, Bytes: len(b), Base: int64(b.BaseOffset()), Last: int64(b.LastOffset()), Records: b.Count(),
		Codec: b.Codec().String(), MaxTimestamp: clock(b.MaxTimestamp()), LeaderEpoch: b.LeaderEpoch(),
		Transactional: b.Transactional(), Control: b.Control(), CRC: fmt.Sprintf("%08x", b.CRC()),
	}
	if p := b.Producer(); p.ID >= 0 {
		l.Producer, l.Epoch, l.Sequence = &p.ID, &p.Epoch, &p.BaseSequence
	}
	if horizon, ok := b.DeleteHorizon(); ok {
		l.DeleteHorizon = clock(horizon)
	}
	return l
}

func (l batchLine) text() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s  %d-%d  %d records  %d bytes  %s", l.Log, l.Base, l.Last, l.Records, l.Bytes, l.Codec)
	if l.MaxTimestamp != "" {
		w.WriteString("  newest " + l.MaxTimestamp)
	}
	if l.Producer != nil {
		fmt.Fprintf(&w, "  producer %d epoch %d sequence %d", *l.Producer, *l.Epoch, *l.Sequence)
	}
	if l.Transactional {
		w.WriteString("  transactional")
	}
	if l.Control {
		w.WriteString("  control")
	}
	if l.DeleteHorizon != "" {
		w.WriteString("  tombstones until " + l.DeleteHorizon)
	}
	fmt.Fprintf(&w, "  %s:%d", l.File, l.At)
	return w.String()
}

// clock writes a time, or nothing if there is none.
func clock(millis int64) string {
	const year10000 = 253402300800000
	switch {
	case millis < 0:
		return ""
	case millis >= year10000:
		return strconv.FormatInt(millis, 10) + " ms"
	}
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

type recordLine struct {
	Log       string       `json:"log"`
	Offset    int64        `json:"offset"`
	Timestamp string       `json:"timestamp,omitempty"`
	Marker    string       `json:"marker,omitempty"` // commit or abort, of a control record
	Key       *content     `json:"key"`
	Value     *content     `json:"value"`
	Headers   []headerLine `json:"headers,omitempty"`
}

type headerLine struct {
	Key   string   `json:"key"`
	Value *content `json:"value"`
}

// content is bytes: as JSON a string if they are text, else an object with them in base64.
type content []byte

// newContent copies b; nil stays null.
func newContent(b []byte) *content {
	if b == nil {
		return nil
	}
	c := content(append([]byte{}, b...))
	return &c
}

// MarshalJSON implements json.Marshaler.
func (c content) MarshalJSON() ([]byte, error) {
	if utf8.Valid(c) {
		return json.Marshal(string(c))
	}
	return json.Marshal(map[string]string{"base64": base64.StdEncoding.EncodeToString(c)})
}

func (c *content) text() string {
	if c == nil {
		return "null"
	}
	return strconv.Quote(string(*c))
}

func newRecordLine(log string, b batch.Batch, r batch.Record) recordLine {
	l := recordLine{Log: log, Offset: int64(r.Offset), Timestamp: clock(r.Timestamp), Key: newContent(r.Key), Value: newContent(r.Value)}
	if b.Control() {
		l.Marker = marker(r)
	}
	for _, h := range r.Headers {
		l.Headers = append(l.Headers, headerLine{h.Key, newContent(h.Value)})
	}
	return l
}

func marker(r batch.Record) string {
	switch kind, err := r.ControlType(); {
	case err != nil:
		return "unknown"
	case kind == batch.Abort:
		return "abort"
	case kind == batch.Commit:
		return "commit"
	default:
		return "type " + strconv.Itoa(int(kind))
	}
}

func (l recordLine) text() string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s  %d  %s", l.Log, l.Offset, l.Timestamp)
	if l.Marker != "" {
		w.WriteString("  " + l.Marker)
		return w.String()
	}
	fmt.Fprintf(&w, "  %s = %s", l.Key.text(), l.Value.text())
	for _, h := range l.Headers {
		fmt.Fprintf(&w, "  %s: %s", h.Key, h.Value.text())
	}
	return w.String()
}
