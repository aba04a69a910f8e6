package commandtest

import (
	"fmt"
	"strings"
)

// Failure checks the standard error of a command that has failed: one line that says what went wrong, one that says what
// to do, perhaps notes before them, and no word of private in it.
func Failure(command, stderr string, private ...string) error {
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], command+": note: ") {
		lines = lines[1:]
	}
	if len(lines) != 2 || !strings.HasPrefix(lines[0], command+": error: ") || !strings.HasPrefix(lines[1], command+": hint: ") {
		return fmt.Errorf("not one line of error and one of hint:\n%s", stderr)
	}
	if strings.Contains(lines[1], "not foreseen") {
		return fmt.Errorf("nobody wrote a hint for this:\n%s", stderr)
	}
	for _, line := range lines {
		_, text, _ := strings.Cut(strings.TrimPrefix(line, command+": "), ": ")
		if first := text[:1]; first != strings.ToLower(first) || strings.HasSuffix(text, ".") {
			return fmt.Errorf("not lower case without a full stop: %q", line)
		}
	}
	for _, word := range private {
		if word != "" && strings.Contains(stderr, word) {
			return fmt.Errorf("%q is named in:\n%s", word, stderr)
		}
	}
	return nil
}
