package soundness

import (
	"flag"
	"os"
	"testing"
)

// TestMain draws thousands of pairs for each property, and a hundred times as many with PAWL_SOAK set, unless -rapid.checks
// says otherwise.
func TestMain(m *testing.M) {
	checks := "3000"
	if os.Getenv("PAWL_SOAK") != "" {
		checks = "300000"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}
