package scenario

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Problem is something wrong with a scenario, and where.
type Problem struct {
	Line int    // 0: not in a file
	Path string // like load.stages[1].over
	Text string
}

func (p Problem) Error() string {
	switch {
	case p.Line > 0 && p.Path != "":
		return fmt.Sprintf("line %d: %s: %s", p.Line, p.Path, p.Text)
	case p.Path != "":
		return p.Path + ": " + p.Text
	case p.Line > 0:
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return p.Text
}

// maxProblems is how many are told at once: more is rarely read.
const maxProblems = 10

// reader turns YAML nodes into values and collects what is wrong with them.
type reader struct{ problems []Problem }

func (r *reader) err() error {
	var all []error
	for _, p := range r.problems[:min(len(r.problems), maxProblems)] {
		all = append(all, p)
	}
	return errors.Join(all...)
}

// value is a node and the way to it. The zero value is absent.
type value struct {
	r    *reader
	node *yaml.Node
	path string
}

func (v value) present() bool { return v.node != nil }

func (v value) fail(format string, args ...any) {
	line := 0
	if v.node != nil {
		line = v.node.Line
	}
	v.r.problems = append(v.r.problems, Problem{line, v.path, fmt.Sprintf(format, args...)})
}

func at(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// object reads a mapping of known keys. It complains of others, and of keys that come twice.
func (v value) object(known ...string) func(key string) value {
	found := make(map[string]value)
	if v.node != nil && v.node.Kind != yaml.MappingNode {
		v.fail("must be an object with some of %s", strings.Join(known, ", "))
	} else if v.node != nil {
		for i := 0; i+1 < len(v.node.Content); i += 2 {
			k, n := v.node.Content[i], v.node.Content[i+1]
			child := value{v.r, n, at(v.path, k.Value)}
			switch {
			case !slices.Contains(known, k.Value):
				v.r.problems = append(v.r.problems, Problem{k.Line, v.path, fmt.Sprintf("unknown key %q%s", k.Value, meant(k.Value, known))})
			case found[k.Value].present():
				child.fail("is there twice")
			default:
				found[k.Value] = child
			}
		}
	}
	return func(key string) value {
		if c, ok := found[key]; ok {
			return c
		}
		return value{v.r, nil, at(v.path, key)}
	}
}

// single reads a mapping of exactly one key.
func (v value) single() (key string, of value) {
	if v.node.Kind != yaml.MappingNode || len(v.node.Content) != 2 {
		v.fail("must be an object with one key")
		return "", value{v.r, nil, v.path}
	}
	key = v.node.Content[0].Value
	return key, value{v.r, v.node.Content[1], at(v.path, key)}
}

// list reads a sequence.
func (v value) list() (items []value) {
	if v.node == nil {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode {
		v.fail("must be a list")
		return nil
	}
	for i, n := range v.node.Content {
		items = append(items, value{v.r, n, fmt.Sprintf("%s[%d]", v.path, i)})
	}
	return items
}

func (v value) scalar() bool { return v.node != nil && v.node.Kind == yaml.ScalarNode }

// text reads a string; fallback if it is absent.
func (v value) text(fallback string) string {
	switch {
	case v.node == nil:
		return fallback
	case !v.scalar():
		v.fail("must be text")
		return fallback
	}
	return v.node.Value
}

// word reads one of some words.
func (v value) word(fallback string, words ...string) string {
	w := v.text(fallback)
	if v.node != nil && !slices.Contains(words, w) {
		v.fail("%q is none of %s%s", w, strings.Join(words, ", "), meant(w, words))
		return fallback
	}
	return w
}

func (v value) number(fallback, least, most float64) float64 {
	if v.node == nil {
		return fallback
	}
	x, err := strconv.ParseFloat(v.text(""), 64)
	if err != nil || math.IsNaN(x) || x < least || x > most {
		v.fail("must be a number from %g to %g", least, most)
		return fallback
	}
	return x
}

func (v value) integer(fallback, least, most int) int {
	if v.node == nil {
		return fallback
	}
	x, err := strconv.Atoi(v.text(""))
	if err != nil || x < least || x > most {
		v.fail("must be a whole number from %d to %d", least, most)
		return fallback
	}
	return x
}

func (v value) seed(fallback uint64) uint64 {
	if v.node == nil {
		return fallback
	}
	x, err := strconv.ParseUint(v.text(""), 0, 64)
	if err != nil {
		v.fail("must be a whole number, not negative")
		return fallback
	}
	return x
}

func (v value) boolean(fallback bool) bool {
	if v.node == nil {
		return fallback
	}
	switch v.text("") {
	case "true":
		return true
	case "false":
		return false
	}
	v.fail("must be true or false")
	return fallback
}

// duration reads "110s", "2m30s" or "0". It must not be negative.
func (v value) duration(fallback time.Duration) time.Duration {
	d := v.signedDuration(fallback)
	if d < 0 {
		v.fail("must not be negative")
		return fallback
	}
	return d
}

func (v value) signedDuration(fallback time.Duration) time.Duration {
	if v.node == nil {
		return fallback
	}
	d, err := parseDuration(v.text(""))
	if err != nil {
		v.fail("must be a duration, like 90s or 2m30s or 200ms, of at most a day")
		return fallback
	}
	return d
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && (d > maxDuration || d < -maxDuration) {
		err = errors.New("too long")
	}
	return d, err
}

// maxRate is more than any machine can do.
const maxRate = 10000

// rate reads "2/s", "90/m", "500/h" or a number per second.
func (v value) rate() float64 {
	text, per, ok := strings.Cut(v.text(""), "/")
	unit := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
	if !ok {
		unit = 1
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || unit == 0 || !(x >= 0) || x/max(unit, 1) > maxRate {
		v.fail("must be a rate, like 2/s or 90/m, of at most %d/s", maxRate)
		return 0
	}
	return x / unit
}

// meant suggests the word that somebody may have mistyped.
func meant(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is how many letters must be changed, added or left out (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
