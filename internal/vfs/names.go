package vfs

import (
	"maps"
	"slices"
)

func sortedNames(entries map[string]*node) []string { return slices.Sorted(maps.Keys(entries)) }
