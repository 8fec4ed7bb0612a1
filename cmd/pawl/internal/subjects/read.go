package subjects

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
)

func get(a *cli.App) *cobra.Command {
	var id int32
	var deleted bool
	c := &cobra.Command{
		Use:   "get SUBJECT[@VERSION] | get --id ID",
		Short: "Print a schema's text",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == (id > 0) {
				return cli.Usagef("name either a subject or an id: pawl schema get SUBJECT[@VERSION], or pawl schema get --id ID")
			}
			cl, err := a.Client()
			if err != nil {
				return err
			}
			if id > 0 {
				s, err := cl.SchemaByID(c.Context(), "", schema.ID(id))
				return printed(a, s, s.Schema, err)
			}
			p, err := parsePlace(args[0])
			if err != nil {
				return err
			}
			s, err := cl.SubjectVersion(c.Context(), p.subject, p.version, filter(deleted))
			return printed(a, s, s.Schema, err)
		},
	}
	c.Flags().Int32Var(&id, "id", 0, "the id of the schema")
	c.Flags().BoolVar(&deleted, "deleted", false, "also look among soft-deleted versions")
	return c
}

func filter(deleted bool) client.Filter {
	if deleted {
		return client.All
	}
	return client.Live
}

func printed(a *cli.App, value any, text string, err error) error {
	if err != nil {
		return err
	}
	return a.Print(value, func(w *strings.Builder) { fmt.Fprintln(w, strings.TrimSuffix(text, "\n")) })
}

func list(a *cli.App) *cobra.Command {
	var prefix string
	var deleted bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List subjects",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := a.Client()
			if err != nil {
				return err
			}
			names, err := cl.Subjects(c.Context(), prefix, filter(deleted))
			if err != nil {
				return err
			}
			return a.Print(names, func(w *strings.Builder) {
				for _, n := range names {
					fmt.Fprintln(w, n)
				}
			})
		},
	}
	c.Flags().StringVar(&prefix, "prefix", client.AllContexts, "only subjects that start with this")
	c.Flags().BoolVar(&deleted, "deleted", false, "also list soft-deleted subjects")
	return c
}

func versions(a *cli.App) *cobra.Command {
	var deleted bool
	c := &cobra.Command{
		Use:   "versions SUBJECT",
		Short: "List the versions of a subject",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := a.Client()
			if err != nil {
				return err
			}
			numbers, err := cl.Versions(c.Context(), args[0], filter(deleted))
			if err != nil {
				return err
			}
			all := make([]openapi.Schema, 0, len(numbers))
			for _, n := range numbers {
				s, err := cl.SubjectVersion(c.Context(), args[0], n, client.All)
				if err != nil {
					return err
				}
				all = append(all, s)
			}
			return a.Print(all, func(w *strings.Builder) { versionTable(w, all) })
		},
	}
	c.Flags().BoolVar(&deleted, "deleted", false, "also list soft-deleted versions")
	return c
}

func versionTable(w *strings.Builder, all []openapi.Schema) {
	rows := make([][]string, 0, len(all))
	for _, s := range all {
		state := "live"
		if s.Deleted {
			state = "deleted"
		}
		rows = append(rows, []string{fmt.Sprint(s.Version), fmt.Sprint(s.ID), s.SchemaType, state})
	}
	cli.Table(w, []string{"VERSION", "ID", "TYPE", "STATE"}, rows)
}
