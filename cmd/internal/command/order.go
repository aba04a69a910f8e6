package command

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Order moves each flag in front of the arguments of the command it belongs to, because people write flags last and v2
// reads them first: "call LINK --json --for 12s" becomes "--json call --for 12s LINK". What it does not know it leaves
// for v2 to complain about; after "--" nothing is a flag.
func Order(app *cli.App, args []string) []string {
	if len(args) == 0 || completing(args) {
		return args
	}
	type level struct {
		flags    []cli.Flag
		commands []*cli.Command
		words    []string // the command's name, then its flags
	}
	levels := []level{{app.Flags, app.Commands, args[:1:1]}}
	var rest []string
	for args = args[1:]; len(args) > 0; {
		word := args[0]
		args = args[1:]
		last := &levels[len(levels)-1]
		switch {
		case word == "--":
			rest = append(append(rest, word), args...)
			args = nil
		case len(word) > 1 && word[0] == '-':
			name, _, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
			owner, value := last, false
			for i := len(levels) - 1; i >= 0; i-- {
				if flag := named(levels[i].flags, name); flag != nil {
					doc, ok := flag.(cli.DocGenerationFlag)
					owner, value = &levels[i], ok && doc.TakesValue() && !joined
					break
				}
			}
			owner.words = append(owner.words, word)
			if value && len(args) > 0 {
				owner.words = append(owner.words, args[0])
				args = args[1:]
			}
		default:
			i := slices.IndexFunc(last.commands, func(c *cli.Command) bool { return c.HasName(word) })
			if i < 0 || len(rest) > 0 {
				rest = append(rest, word)
				continue
			}
			c := last.commands[i]
			levels = append(levels, level{c.Flags, c.Subcommands, []string{word}})
		}
	}
	var out []string
	for _, l := range levels {
		out = append(out, l.words...)
	}
	return append(out, rest...)
}

func named(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}
