package migrate

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// stdio is the name of standard input or output.
const stdio = "-"

// common adds the flags that all commands share.
func (o *options) common(f *pflag.FlagSet) {
	f.StringVar((*string)(&o.scope), "prefix", string(everything), `only subjects that start with this, as the API takes it: "orders-", ":.ctx:", ":*:orders-"`)
	f.StringSliceVar(&o.names, "name", nil, "also take the settings of this subject, which has no schemas; registries do not list such names")
	f.IntVar(&o.width, "concurrency", 8, "requests at the same time")
	f.BoolVar(&o.configs, "with-config", true, "take configurations")
	f.BoolVar(&o.modes, "with-mode", true, "take modes; without, the target keeps its own, as if the source is read-only for the move")
}

// writing adds the flags of the commands that write to a registry.
func (o *options) writing(f *pflag.FlagSet) {
	f.BoolVar(&o.extra, "allow-extra", false, "what only the target has is no difference")
	f.BoolVar(&o.only, "verify-only", false, "compare and write nothing")
	f.BoolVar(&o.verify, "verify", true, "compare both sides afterwards")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be written; exit 3 if there is something")
}

func (o *options) prepare(a *cli.App) error {
	if o.width < 1 || o.width > 64 {
		return cli.Usagef("--concurrency must be from 1 to 64, not %d", o.width)
	}
	o.say = a.Say
	o.progress = func(what string) (func(), func()) {
		p := a.Progress(what)
		var mu sync.Mutex
		n := 0
		count := func() {
			mu.Lock()
			defer mu.Unlock()
			n++
			p.Count(n)
		}
		return count, p.End
	}
	return nil
}

// Export returns `pawl export`.
func Export(a *cli.App) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write all that a registry holds to a file",
		Long: `Write all that a registry holds to a file, or to standard output without a name or for "-": schemas of every context with
their IDs, versions, references, metadata and rule sets, soft-deleted ones too, configurations and modes. The file holds one JSON
value on each line and is the same, byte for byte, for every registry of the same content: compare two of them with diff.
Not in it: keys of the key registry, associations, and settings of names that have no schemas (see --name).`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.prepare(a); err != nil {
				return err
			}
			cl, err := a.Client()
			if err != nil {
				return err
			}
			im, err := o.capture(c.Context(), cl, "versions and settings read")
			if err != nil {
				return err
			}
			defer im.close()
			if err := export(a, im, o.head(), append(args, stdio)[0]); err != nil {
				return err
			}
			a.Say("%d versions of %d subjects in %d contexts exported", len(im.entries), im.subjects(), len(im.contexts))
			return nil
		},
	}
	o.common(c.Flags())
	return c
}

// export writes a file under its name when it is whole.
func export(a *cli.App, im *image, head headLine, name string) error {
	if name == stdio {
		return writeFile(a.Out, im, head)
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return cli.File(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is left of it after the rename
	if err := writeFile(f, im, head); err != nil {
		_ = f.Close()
		return err
	}
	for _, step := range []func() error{f.Sync, f.Close, func() error { return os.Rename(f.Name(), name) }} {
		if err := step(); err != nil {
			return cli.File(err)
		}
	}
	return nil
}

// Import returns `pawl import`. formats read texts that two sides spell differently.
func Import(a *cli.App, formats *schema.Formats) *cobra.Command {
	o := options{formats: formats}
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Write what a file of pawl export holds to a registry, and compare",
		Long: `Write what a file of pawl export holds ("-" is standard input) to a registry, and compare the two afterwards.
` + afterwards,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.prepare(a); err != nil {
				return err
			}
			to, err := a.Client()
			if err != nil {
				return err
			}
			return o.fromFile(c.Context(), a, to, args[0])
		},
	}
	o.common(c.Flags())
	o.writing(c.Flags())
	return c
}

const afterwards = `
Everything is looked at before anything is written: content of the target that differs from that of the source is named, and
then nothing is written. What is there already is left alone, so that a run that was cut off is simply run again. The target
takes imports (mode IMPORT, for the contexts concerned) while the command writes, and nobody registers there; afterwards it has the
modes of the source, or after a failure its own.

Exit status: 0 both sides are equal, 1 they differ or content is in the way, 2 usage or a bad file, 3 --dry-run found something to
write, 4 a registry is unreachable or refused.`

// fromFile imports a file. It is read once: standard input cannot be read again.
func (o *options) fromFile(ctx context.Context, a *cli.App, to *client.Client, name string) error {
	in := a.In
	if name != stdio {
		f, err := os.Open(name)
		if err != nil {
			return cli.File(err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	im, err := readFile(in, name, o.scope, o.want())
	if err != nil {
		return err
	}
	defer im.close()
	if o.scope == everything {
		o.scope = im.head.Prefix
	}
	o.configs, o.modes = o.configs && im.head.Config, o.modes && im.head.Mode
	o.openImage = func(context.Context) (*image, error) { return im, nil }
	res, err := o.run(ctx, to)
	return o.report(a, res, err)
}

// Command returns `pawl migrate`. formats read texts that two sides spell differently.
func Command(a *cli.App, formats *schema.Formats) *cobra.Command {
	o := options{formats: formats}
	from := cli.Peer{Name: "FROM"}
	var to []string
	c := &cobra.Command{
		Use:   "migrate --from URL [--to URL]",
		Short: "Copy a registry to another one, and compare them",
		Long: `Copy all that a registry holds to another one, and compare the two afterwards. Either can be any registry that speaks the REST
API of Confluent Schema Registry, the target with the mode IMPORT. The target is that of --to, or else that of --registry.
The source is identified to by PAWL_FROM_USER and PAWL_FROM_PASSWORD, or PAWL_FROM_TOKEN, the target as everywhere by
PAWL_REGISTRY_USER and PAWL_REGISTRY_PASSWORD, or PAWL_REGISTRY_TOKEN.
` + afterwards,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(from.URLs) == 0 {
				return cli.Usagef("name the source: pawl migrate --from URL")
			}
			if err := o.prepare(a); err != nil {
				return err
			}
			source, err := a.ClientOf(from)
			if err != nil {
				return err
			}
			if len(to) > 0 {
				a.Registry = to
			}
			target, err := a.Client()
			if err != nil {
				return err
			}
			o.openImage = func(ctx context.Context) (*image, error) {
				return o.capture(ctx, source, "versions and settings of the source read")
			}
			res, err := o.run(c.Context(), target)
			return o.report(a, res, err)
		},
	}
	c.Flags().StringSliceVar(&from.URLs, "from", nil, "URLs of the source's servers")
	c.Flags().StringSliceVar(&to, "to", nil, "URLs of the target's servers, instead of --registry")
	from.TLS.Flags(c.Flags(), "from", "the source")
	o.common(c.Flags())
	o.writing(c.Flags())
	return c
}

// report prints what a run came to and returns what the exit status is made of.
func (o *options) report(a *cli.App, res *result, err error) error {
	if err != nil {
		return err
	}
	if err := a.Print(res, res.text); err != nil {
		return err
	}
	switch {
	case len(res.Conflicts) > 0:
		return fault.New(cli.ErrFindings, "pawl", "nothing was written: the target holds what is in the way (%d findings)", len(res.Conflicts))
	case len(res.Differences) > 0:
		return fault.New(cli.ErrFindings, "pawl", "the two sides differ (%d differences)", len(res.Differences))
	case res.DryRun && res.Written+res.Deleted+res.Settings > 0:
		return fault.New(cli.ErrPending, "pawl", "")
	}
	return nil
}

func (r *result) text(w *strings.Builder) {
	for _, d := range append(r.Conflicts, r.Differences...) {
		_, _ = io.WriteString(w, d.String()+"\n") // a Builder takes everything
	}
	_, _ = fmt.Fprintf(w, "%d versions of %d subjects in %d contexts: ", r.Versions, r.Subjects, r.Contexts)
	would := ""
	if r.DryRun {
		would = "to be "
	}
	_, _ = fmt.Fprintf(w, "%d %swritten, %d %ssoft-deleted, %d settings %schanged\n", r.Written, would, r.Deleted, would, r.Settings, would)
	if r.Verified {
		_, _ = fmt.Fprintf(w, "%d differences\n", len(r.Differences))
	}
}
