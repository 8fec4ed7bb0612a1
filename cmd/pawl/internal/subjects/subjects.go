package subjects

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/schema"
)

// Command returns `pawl schema`. formats are what check can read without a server.
func Command(a *cli.App, formats *schema.Formats) *cobra.Command {
	return cli.Group("schema", "Register, read, check and delete schemas",
		register(a), get(a), list(a), versions(a), check(a, formats), remove(a))
}

// place is SUBJECT or SUBJECT@VERSION.
type place struct {
	subject string
	version int // client.Latest if none is given
}

// parsePlace reads SUBJECT, SUBJECT@3 or SUBJECT@latest.
func parsePlace(text string) (place, error) {
	i := strings.LastIndexByte(text, '@')
	if i < 0 {
		return place{text, client.Latest}, nil
	}
	p := place{subject: text[:i], version: client.Latest}
	if v := text[i+1:]; !strings.EqualFold(v, "latest") {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return p, cli.Usagef("%q: the version after @ must be latest or a number from 1", text)
		}
		p.version = n
	}
	return p, nil
}
