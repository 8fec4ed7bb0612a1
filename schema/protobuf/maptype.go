package protobuf

import "strings"

// Map types travel as one string, "map<K, V>", because that is how they are printed and how names of default values are judged.

func mapType(key, val string) string { return "map<" + key + ", " + val + ">" }

func isMap(typ string) bool { return strings.HasPrefix(typ, "map<") }

// mapParts splits a map type into the types of its keys and values.
func mapParts(typ string) (key, val string) {
	key, val, _ = strings.Cut(strings.TrimSuffix(typ[len("map<"):], ">"), ", ")
	return key, val
}
