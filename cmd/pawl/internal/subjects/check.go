package subjects

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// checker is one run of check.
type checker struct {
	source
	formats *schema.Formats
	subject string
	against []string
	imports []string
	level   string
}

func check(a *cli.App, formats *schema.Formats) *cobra.Command {
	k := checker{formats: formats}
	c := &cobra.Command{
		Use:   "check FILE... --subject SUBJECT | check FILE... --against OLD...",
		Short: "Tell whether schemas are compatible with earlier versions",
		Long: "Tell whether schemas are compatible with earlier versions: with those that a subject has in the registry, at the level configured there,\n" +
			"or with local files, without any server. The exit status is 0 if all are compatible and 1 if one is not. A subject that does not\n" +
			"exist is compatible with everything. Changes that the rules take although readers may not survive them are warned of.",
		Example: "  pawl schema check order.avsc --subject orders-value\n" +
			"  pawl schema check order.avsc --against order-1.avsc --against order-2.avsc --level BACKWARD_TRANSITIVE",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error { return k.run(a, c, files) },
	}
	f := c.Flags()
	f.StringVar(&k.subject, "subject", "", "compare with the versions of this subject in the registry")
	f.StringArrayVar(&k.against, "against", nil, "compare with this file; give the flag once for each version, oldest first")
	f.StringVar(&k.level, "level", string(compat.Backward), "the level for --against: NONE, BACKWARD, FORWARD, FULL, or one of the last three with _TRANSITIVE")
	f.StringArrayVar(&k.imports, "import", nil, "with --against, a file that schemas refer to, NAME=FILE; later ones may refer to earlier ones")
	k.flags(f)
	return c
}

func (k *checker) run(a *cli.App, c *cobra.Command, files []string) error {
	if (k.subject == "") == (len(k.against) == 0) {
		return cli.Usagef("say what to compare with: either --subject or --against")
	}
	ask, err := k.judge(a, c)
	if err != nil {
		return err
	}
	var reports []report
	for _, file := range files {
		r, err := ask(file)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	if err := a.Print(reports, func(w *strings.Builder) { writeReports(w, reports) }); err != nil {
		return err
	}
	for _, r := range reports {
		if !r.Compatible {
			return fault.New(cli.ErrFindings, "pawl schema check", "")
		}
	}
	return nil
}

// judge returns the function that judges one file: by asking the registry, or here.
func (k *checker) judge(a *cli.App, c *cobra.Command) (func(file string) (report, error), error) {
	if k.subject == "" {
		l, err := k.local(a)
		if err != nil {
			return nil, err
		}
		return func(file string) (report, error) { return l.judge(c.Context(), file) }, nil
	}
	cl, err := a.Client()
	if err != nil {
		return nil, err
	}
	re := &remote{checker: k, client: cl, app: a, parsed: map[place]schema.Schema{}}
	return func(file string) (report, error) { return re.judge(c.Context(), file) }, nil
}
