package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Prefix starts the name of every environment variable that stands for a flag.
const Prefix = "PAWL_"

// Variable returns the environment variable that stands for a flag.
func Variable(flag string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Globals adds the flags that every command takes.
func (a *App) Globals(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringSliceVar(&a.Registry, "registry", []string{"http://127.0.0.1:8081"}, "URLs of the registry's servers")
	f.StringSliceVar(&a.Brokers, "brokers", []string{"127.0.0.1:9092"}, "addresses of the brokers")
	f.StringVarP(&a.Output, "output", "o", "text", "form of the output: text or json")
	f.DurationVar(&a.Timeout, "timeout", 30*time.Second, "time limit of one request")
	f.BoolVar(&a.TLS, "tls", false, "speak TLS to the brokers")
	a.RegistryTLS.Flags(f, "registry", "the registry")
}

// Flags adds the flags that name TLS files for one peer: --NAME-ca, --NAME-cert and --NAME-key.
func (f *TLSFiles) Flags(set *pflag.FlagSet, name, peer string) {
	set.StringVar(&f.CA, name+"-ca", "", "file of the authorities that "+peer+"'s certificate is judged by, instead of the system's")
	set.StringVar(&f.Cert, name+"-cert", "", "file of the certificate to show to "+peer)
	set.StringVar(&f.Key, name+"-key", "", "file of that certificate's key")
}

// Document tells, in the help of every flag, which variable stands for it.
func Document(root *cobra.Command) {
	add := func(f *pflag.Flag) {
		if f.Name != "help" && !strings.Contains(f.Usage, "["+Prefix) {
			f.Usage += " [" + Variable(f.Name) + "]"
		}
	}
	root.PersistentFlags().VisitAll(add)
	root.LocalFlags().VisitAll(add)
	for _, c := range root.Commands() {
		Document(c)
	}
}

// FromEnvironment gives every flag that the command line does not set the value of its variable, if there is one, and checks
// the global flags.
func (a *App) FromEnvironment(cmd *cobra.Command) error {
	var failed error
	a.FromVariable = map[string]string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, ok := a.Lookup(Variable(f.Name))
		if !ok || f.Changed || f.Name == "help" || failed != nil {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = Usagef("the variable %s: %v", Variable(f.Name), err)
		}
		a.FromVariable[f.Name] = Variable(f.Name)
	})
	if failed != nil {
		return failed
	}
	if a.Output != "text" && a.Output != "json" {
		return Usagef("unknown output %q: use text or json", a.Output)
	}
	return nil
}

// Group returns a command that only holds others. Without one of them it prints its help; an unknown one is a mistake.
func Group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noSuchCommand, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(commands...)
	return c
}

func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s has no command %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())
}
