package subjects

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

func remove(a *cli.App) *cobra.Command {
	var permanent bool
	c := &cobra.Command{
		Use:   "delete SUBJECT[@VERSION]",
		Short: "Delete a subject or one of its versions",
		Long: "Delete a subject or one of its versions, and print the numbers of the deleted versions. A soft-deleted version can still be read by id.\n" +
			"With --permanent it is removed for good, soft-deleted before or not.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cl, err := a.Client()
			if err != nil {
				return err
			}
			p, err := parsePlace(args[0])
			if err != nil {
				return err
			}
			whole := !strings.Contains(args[0], "@")
			numbers, err := removeFor(c, cl, p, whole, client.Soft)
			if permanent && (err == nil || alreadySoft(err)) {
				if !whole && err == nil {
					p.version = numbers[0] // what latest stood for
				}
				numbers, err = removeFor(c, cl, p, whole, client.Permanent)
			}
			if err != nil {
				return err
			}
			return a.Print(numbers, func(w *strings.Builder) { fmt.Fprintln(w, strings.Trim(fmt.Sprint(numbers), "[]")) })
		},
	}
	c.Flags().BoolVar(&permanent, "permanent", false, "remove for good")
	return c
}

func removeFor(c *cobra.Command, cl *client.Client, p place, whole bool, d client.Deletion) ([]int, error) {
	if whole {
		return cl.DeleteSubject(c.Context(), p.subject, d)
	}
	n, err := cl.DeleteVersion(c.Context(), p.subject, p.version, d)
	return []int{n}, err
}

func alreadySoft(err error) bool {
	return errors.Is(err, client.ErrSubjectSoftDeleted) || errors.Is(err, client.ErrVersionSoftDeleted)
}
