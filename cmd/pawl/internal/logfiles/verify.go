package logfiles

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
)

// report is what verify found of one log.
type report struct {
	Log      string          `json:"log"`
	Segments int             `json:"segments"`
	Bytes    int64           `json:"bytes"`
	Findings []local.Finding `json:"findings"`
}

func verify(a *cli.App) *cobra.Command {
	var from source
	c := &cobra.Command{
		Use:   "verify [LOG]...",
		Short: "Check checksums, offsets and indexes of logs; exit with 1 if there is damage",
		Long: `Check the files of the logs named, or of all: the checksum and the header of each batch, the order of the offsets, that segments
follow each other, and that indexes fit. What a crash may leave, and the next start mends, is told and is no damage. Exits
with 1 if anything is damaged.`,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			archive, held, err := from.open()
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, held.Close()) }()
			logs, err := choose(archive, args)
			if err != nil {
				return err
			}
			return verifyAll(a, archive, logs)
		},
	}
	from.flags(c)
	return c
}

func verifyAll(a *cli.App, archive *local.Archive, logs []local.ArchivedLog) error {
	reports, damage := []report{}, 0
	for _, l := range logs {
		r := report{Log: l.Name, Segments: len(l.Segments), Findings: []local.Finding{}}
		for _, s := range l.Segments {
			r.Bytes += s.Bytes
		}
		err := archive.Verify(l, func(f local.Finding) {
			r.Findings = append(r.Findings, f)
			if f.Damage {
				damage++
			}
		})
		if err != nil {
			return cli.File(err)
		}
		reports = append(reports, r)
	}
	if err := a.Print(reports, func(w *strings.Builder) { writeReports(w, reports) }); err != nil {
		return err
	}
	if damage > 0 {
		return fault.New(cli.ErrFindings, "pawl log verify", "%d damaged places: restore these logs from a backup, or delete the topics", damage)
	}
	return nil
}

func writeReports(w *strings.Builder, reports []report) {
	for _, r := range reports {
		fmt.Fprintf(w, "%s: %d segments, %d bytes", r.Log, r.Segments, r.Bytes)
		if len(r.Findings) == 0 {
			w.WriteString(", sound")
		}
		w.WriteString("\n")
		for _, f := range r.Findings {
			kind := "note"
			if f.Damage {
				kind = "damage"
			}
			fmt.Fprintf(w, "  %s: %s, byte %d: %s\n", kind, f.File, f.At, f.What)
		}
	}
}
