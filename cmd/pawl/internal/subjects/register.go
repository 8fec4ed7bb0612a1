package subjects

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

func register(a *cli.App) *cobra.Command {
	var s source
	var subject string
	c := &cobra.Command{
		Use:   "register FILE --subject SUBJECT",
		Short: "Register a schema and print its id",
		Long:  "Register a schema under a subject and print its id. A schema that is there already keeps its id. FILE may be - for standard input.",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			req, err := s.read(a, args[0])
			if err != nil {
				return err
			}
			cl, err := a.Client()
			if err != nil {
				return err
			}
			res, err := cl.RegisterSchema(c.Context(), subject, req, client.WriteOptions{Normalize: s.normalize})
			if err != nil {
				return refused(args[0], err)
			}
			return a.Print(res, func(w *strings.Builder) { fmt.Fprintln(w, res.ID) })
		},
	}
	c.Flags().StringVar(&subject, "subject", "", "the subject, such as orders-value")
	s.flags(c.Flags())
	_ = c.MarkFlagRequired("subject") // fails only for a flag that does not exist
	return c
}

// refused puts the place that the registry's answer names, if it names one, before the answer.
func refused(file string, err error) error {
	detail := fault.DetailOf(err)
	if at, _ := spotOf(detail); at.line == 0 || !errors.Is(err, schema.ErrInvalid) {
		return err
	}
	return fault.Wrap(schema.ErrInvalid, "pawl schema register", err, "%s", placed(file, detail))
}
