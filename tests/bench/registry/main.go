package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

// settings of one run.
type settings struct {
	pawl   string
	sizes  []int
	chain  int
	span   time.Duration // of one scenario
	output string
	skip   []string // names of scenarios
	others []string
}

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("registry", flag.ContinueOnError)
	flags.StringVar(&s.pawl, "pawl", "", "binary to start on each of its stores, besides the registries of the arguments")
	sizes := flags.String("sizes", "0,1000,10000,100000", "numbers of subjects to measure with, ascending")
	flags.IntVar(&s.chain, "chain", 200, "versions of the chain; 0 leaves it out")
	flags.DurationVar(&s.span, "span", 4*time.Second, "time of one scenario at one size")
	skip := flags.String("skip", "", "scenarios to leave out, by name with commas between, for registries that do not have what they ask for")
	flags.StringVar(&s.output, "json", "", "file for the figures as JSON")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || len(s.sizes) > 0 && n <= s.sizes[len(s.sizes)-1] {
			return s, fmt.Errorf("-sizes %s: ascending numbers are wanted", *sizes)
		}
		s.sizes = append(s.sizes, n)
	}
	s.skip = strings.Split(*skip, ",")
	s.others = flags.Args()
	if s.pawl == "" && len(s.others) == 0 {
		return s, errors.New("neither -pawl nor the URL of a registry: see -help")
	}
	return s, nil
}

func run(ctx context.Context, args []string) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	var servers []*server
	if s.pawl != "" {
		own, stop, err := startPawl(s.pawl)
		defer stop()
		if err != nil {
			return err
		}
		servers = append(servers, own...)
	}
	for _, text := range s.others {
		other, err := parseServer(text)
		if err != nil {
			return err
		}
		servers = append(servers, other)
	}
	b := &bench{servers: servers, span: s.span, skip: s.skip, report: report{Machine: machine(), Started: time.Now().UTC().Truncate(time.Second)}}
	if err := b.all(ctx, s); err != nil {
		return err
	}
	if s.output != "" {
		if err := b.report.writeJSON(s.output); err != nil {
			return err
		}
	}
	return b.report.writeTable(os.Stdout)
}

// machine describes the machine as far as figures depend on it.
func machine() string {
	return fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
