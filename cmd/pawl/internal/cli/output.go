package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes a result: value as JSON for programs, or what text writes for people.
func (a *App) Print(value any, text func(w io.Writer)) error {
	if !a.JSON() {
		text(a.Out)
		return nil
	}
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// Table writes rows in columns under a head.
func Table(w io.Writer, head []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	_ = t.Flush() // a writer that fails fails for every other line, too
}

// Say writes a line of talk.
func (a *App) Say(format string, args ...any) { fmt.Fprintf(a.Err, format+"\n", args...) }

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
	fmt.Fprintf(p.w, "\r%d %s, %.0f/s\x1b[K", n, p.what, float64(n)/max(time.Since(p.start).Seconds(), 0.001))
}

// End clears the line.
func (p *Progress) End() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
