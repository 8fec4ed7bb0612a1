package commitlog

import (
	"github.com/pawl-registry/pawl/fault"
)

// maxName is the longest name: a topic of 249 characters (Kafka's limit), '-' and a partition, which fits a file name.
const maxName = 249 + 1 + 5

// CheckName refuses names that an engine must not take, with ErrBadName: names are 1 to 255 of the characters A-Z, a-z, 0-9,
// '.', '_' and '-', and are not "." or "..".
func CheckName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > maxName {
		return fault.New(ErrBadName, "commitlog.CheckName", "the name %q is empty, reserved or longer than %d characters", name, maxName)
	}
	for i := range len(name) {
		if c := name[i]; !nameByte(c) {
			return fault.New(ErrBadName, "commitlog.CheckName", "the name %q holds %q; use letters, digits, '.', '_' and '-'", name, c)
		}
	}
	return nil
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}
