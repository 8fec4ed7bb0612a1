package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

func TestEveryErrorHasItsStatus(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, cli.Fine},
		{fault.New(cli.ErrFindings, "x", ""), cli.Findings},
		{fault.New(cli.ErrPending, "x", ""), cli.Pending},
		{fault.New(client.ErrIncompatible, "x", "no"), cli.Findings},
		{fault.Wrap(cli.ErrFindings, "x", fault.New(schema.ErrPayload, "y", "z"), "line 3"), cli.Findings},
		{fault.New(schema.ErrInvalid, "x", "no schema"), cli.Findings},
		{fault.New(schema.ErrPayload, "x", "no value"), cli.Findings},
		{errors.New(`unknown flag: --x`), cli.Usage},
		{cli.Usagef("no"), cli.Usage},
		{cli.File(&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}), cli.Usage},
		{fault.New(client.ErrConfig, "x", "bad URL"), cli.Usage},
		{fault.New(client.ErrUnreachable, "x", "refused"), cli.Unavailable},
		{fault.New(client.ErrSubjectNotFound, "x", "no"), cli.Unavailable},
		{fault.New(client.ErrNotPermitted, "x", "no"), cli.Unavailable},
		{fault.New(serde.ErrUnknownSchema, "x", "no"), cli.Unavailable},
		{fault.New(registry.ErrStore, "x", "down"), cli.Unavailable},
		{fault.New(cli.ErrServer, "x", "port in use"), cli.Unavailable},
		{cli.Refused(kerr.TopicAlreadyExists, "create"), cli.Unavailable},
		{fmt.Errorf("dial: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), cli.Unavailable},
		{context.DeadlineExceeded, cli.Unavailable},
	}
	for _, tt := range tests {
		if got := cli.Status(tt.err); got != tt.want {
			t.Errorf("Status(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestMessagesNameTheRemedy(t *testing.T) {
	unreachable := cli.Message(fault.New(client.ErrUnreachable, "client.Subjects", "http://127.0.0.1:1 does not answer"))
	for _, want := range []string{"127.0.0.1:1", "pawl serve", "PAWL_REGISTRY"} {
		if !strings.Contains(unreachable, want) {
			t.Errorf("%q does not say %q", unreachable, want)
		}
	}
	if got := cli.Message(cli.Refused(kerr.TopicAlreadyExists, "create topic %q", "t")); !strings.HasPrefix(got, `create topic "t": TOPIC_ALREADY_EXISTS: `) {
		t.Errorf("got %q", got)
	}
	if got := cli.Message(fault.New(client.ErrUnauthorized, "x", "Unauthorized")); !strings.Contains(got, "PAWL_REGISTRY_TOKEN") {
		t.Errorf("got %q", got)
	}
	if got := cli.Message(fault.New(cli.ErrFindings, "x", "")); got != "" {
		t.Errorf("findings that were printed are said again: %q", got)
	}
}

func TestFlagsComeFromTheCommandLineThenTheEnvironment(t *testing.T) {
	tests := []struct {
		name    string
		env     map[string]string
		args    []string
		want    string
		wantErr string
	}{
		{"default", nil, nil, "30s", ""},
		{"environment", map[string]string{"PAWL_TIMEOUT": "5s"}, nil, "5s", ""},
		{"command line wins", map[string]string{"PAWL_TIMEOUT": "5s"}, []string{"--timeout", "7s"}, "7s", ""},
		{"required by variable", map[string]string{"PAWL_SUBJECT_NAME": "s"}, nil, "30s", ""},
		{"broken variable", map[string]string{"PAWL_TIMEOUT": "soon"}, nil, "", "PAWL_TIMEOUT"},
		{"unknown output", map[string]string{"PAWL_OUTPUT": "xml"}, nil, "", "xml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &cli.App{Out: new(bytes.Buffer), Err: new(bytes.Buffer), Lookup: func(n string) (string, bool) { v, ok := tt.env[n]; return v, ok }}
			root := &cobra.Command{Use: "x", RunE: func(*cobra.Command, []string) error { return nil }, SilenceErrors: true, SilenceUsage: true}
			name := root.Flags().String("subject-name", "", "")
			a.Globals(root)
			root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.FromEnvironment(c) }
			root.SetArgs(append([]string{}, tt.args...))
			err := root.Execute()
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) || cli.Status(err) != cli.Usage {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil || a.Timeout.String() != tt.want || *name != tt.env["PAWL_SUBJECT_NAME"] {
				t.Errorf("timeout %v, subject %q, error %v", a.Timeout, *name, err)
			}
		})
	}
}

func TestNoColourAndNoProgressWithoutATerminal(t *testing.T) {
	var talk bytes.Buffer
	a := &cli.App{Err: &talk, Lookup: func(string) (string, bool) { return "", false }}
	p := a.Progress("records")
	p.Count(1)
	p.End()
	if talk.Len() > 0 || a.Colour(&talk) {
		t.Errorf("wrote %q to what is no terminal", talk.String())
	}
}
