package subjects

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// spotShape is how the messages of the formats name a line and a column.
var spotShape = regexp.MustCompile(`line (\d+), column (\d+)(?:: )?|Syntax error in (\d+):(\d+)`)

// spot is a place in a file; zero numbers are unknown.
type spot struct{ line, column int }

// spotOf returns the place that a message names, and the message without it if it stands at the beginning.
func spotOf(message string) (spot, string) {
	at := spotShape.FindStringSubmatchIndex(message)
	if at == nil {
		return spot{}, message
	}
	parts := spotShape.FindStringSubmatch(message)
	line, err1 := strconv.Atoi(parts[1] + parts[3])
	column, err2 := strconv.Atoi(parts[2] + parts[4])
	if err1 != nil || err2 != nil {
		return spot{}, message
	}
	if at[0] == 0 && strings.HasPrefix(message, "line ") {
		message = message[at[1]:]
	}
	return spot{line, column}, message
}

// in returns file:line:column, or the file alone.
func (s spot) in(file string) string {
	if s.line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d:%d", file, s.line, s.column)
}

// placed puts a file and the place that a message names before the message.
func placed(file, message string) string {
	s, rest := spotOf(message)
	return s.in(file) + ": " + rest
}
