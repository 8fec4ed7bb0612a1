package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// Print writes a result to standard output: value as JSON for programs, or what text writes for people.
func (a *App) Print(value any, text func(w *strings.Builder)) error {
	var w strings.Builder
	if a.JSON() {
		e := json.NewEncoder(&w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			return fault.Wrap(ErrOutput, "pawl", err, "the result cannot be written as JSON")
		}
	} else {
		text(&w)
	}
	return a.Write(w.String())
}

// Write writes text to standard output.
func (a *App) Write(text string) error {
	if _, err := io.WriteString(a.Out, text); err != nil {
		return fault.Wrap(ErrOutput, "pawl", err, "standard output: %v", err)
	}
	return nil
}

// Table writes rows in columns under a head.
func Table(w *strings.Builder, head []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{head}, rows...) {
		_, _ = io.WriteString(t, strings.Join(r, "\t")+"\n") // a Builder takes everything
	}
	_ = t.Flush()
}

// Say writes a line of talk.
func (a *App) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Err, format+"\n", args...) // nobody is left to tell
}

// Progress is one line about long work, rewritten in place. It shows on a terminal only. The zero value shows nothing.
type Progress struct {
	w     io.Writer
	start time.Time
	shown time.Time
	what  string
}

// Progress starts a line about what is counted, such as "records".
func (a *App) Progress(what string) *Progress {
	p := &Progress{start: time.Now(), what: what}
	if Terminal(a.Err) {
		p.w = a.Err
	}
	return p
}

// Count shows how many there are by now, at most five times a second.
func (p *Progress) Count(n int) {
	if p.w == nil || time.Since(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = time.Now()
	_, _ = fmt.Fprintf(p.w, "\r%d %s, %.0f/s\x1b[K", n, p.what, float64(n)/max(time.Since(p.start).Seconds(), 0.001))
}

// End clears the line.
func (p *Progress) End() {
	if p.w != nil && !p.shown.IsZero() {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
}
