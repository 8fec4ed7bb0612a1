package main

import (
	"fmt"
	"os"
	"strings"
)

// The marks between which the tables stand in a page.
const (
	pageBegin = "<!-- bench-broker: begin -->\n"
	pageEnd   = "<!-- bench-broker: end -->"
)

// publish puts the tables into a page, in the place of those that are there.
func publish(page, tables string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), pageBegin)
	_, after, ended := strings.Cut(rest, pageEnd)
	if !found || !ended {
		return fmt.Errorf("%s has no lines %q and %q", page, strings.TrimSpace(pageBegin), pageEnd)
	}
	return os.WriteFile(page, []byte(before+pageBegin+tables+"\n"+pageEnd+after), 0o644)
}
