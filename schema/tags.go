package schema

import "slices"

// AddTags returns have with those of tags that it lacks behind it, each once. It may change have.
func AddTags(have, tags []string) []string {
	known := tagSet(have)
	for _, tag := range tags {
		if !known[tag] {
			known[tag] = true
			have = append(have, tag)
		}
	}
	return have
}

// RemoveTags returns have without tags. It changes have.
func RemoveTags(have, tags []string) []string {
	gone := tagSet(tags)
	return slices.DeleteFunc(have, func(tag string) bool { return gone[tag] })
}

func tagSet(tags []string) map[string]bool {
	set := make(map[string]bool, len(tags))
	for _, tag := range tags {
		set[tag] = true
	}
	return set
}
