package cli

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// App is the world of one run: streams, environment and the values of the global flags. Commands use it instead of package os.
type App struct {
	In      io.Reader
	Out     io.Writer // data
	Err     io.Writer // talk
	Lookup  func(name string) (string, bool)
	Environ func() []string // NAME=value
	Version string

	// FromVariable names, for every flag whose value came from the environment, the variable.
	FromVariable map[string]string

	Registry []string      // base URLs
	Brokers  []string      // host:port
	Output   string        // text or json
	Timeout  time.Duration // of one request
	TLS      bool          // to the brokers

	RegistryTLS TLSFiles
}

// New returns the world of this process.
func New(version string) *App {
	return &App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Lookup: os.LookupEnv, Environ: os.Environ, Version: version}
}

// JSON reports whether output is for programs.
func (a *App) JSON() bool { return a.Output == "json" }

// env returns a variable, or the empty string.
func (a *App) env(name string) string {
	v, _ := a.Lookup(name)
	return v
}

// Terminal reports whether a stream of the app is a terminal.
func Terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Colour reports whether a stream may be coloured: only a terminal, and only if nobody said NO_COLOR (no-color.org).
func (a *App) Colour(stream any) bool {
	return Terminal(stream) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}
