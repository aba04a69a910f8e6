package command

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// completeFlag is what v2 looks for at the end of the command line.
const completeFlag = "--generate-bash-completion"

// completionScripts ask the command itself for the words that may follow. %[1]s is its name.
var completionScripts = map[string]string{
	"bash": `_%[1]s() {
	local words
	words=$("${COMP_WORDS[@]:0:COMP_CWORD}" ` + completeFlag + ` 2>/dev/null)
	COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _%[1]s %[1]s
`,
	"zsh": `#compdef %[1]s
_%[1]s() {
	local -a words_after
	words_after=("${(@f)$("${(@)words[1,$CURRENT-1]}" ` + completeFlag + ` 2>/dev/null)}")
	compadd -a words_after
	_files
}
compdef _%[1]s %[1]s
`,
}

// manuals are the commands that tell shells and readers about the others.
func manuals(app *cli.App) []*cli.Command {
	return []*cli.Command{
		{
			Name:  "man",
			Usage: "print the manual page: " + app.Name + " man | man -l -",
			Action: func(c *cli.Context) error {
				page, err := c.App.ToManWithSection(section(app.Name))
				if err == nil {
					_, err = fmt.Fprint(c.App.Writer, page)
				}
				return err
			},
		},
		{
			Name:      "completion",
			Usage:     "print what a shell needs to complete commands: source <(" + app.Name + " completion bash)",
			ArgsUsage: "bash|zsh",
			Action: func(c *cli.Context) error {
				script, ok := completionScripts[c.Args().First()]
				if !ok || c.Args().Len() != 1 {
					return Usagef(app.Name+" completion bash", "completion needs a shell: bash or zsh")
				}
				_, err := fmt.Fprintf(c.App.Writer, script, app.Name)
				return err
			},
		},
	}
}

// section is 8 for what operators run and 1 for everybody else's commands.
func section(name string) int {
	if strings.HasSuffix(name, "d") {
		return 8
	}
	return 1
}

// completing says whether a shell asks; then the words stay where they are.
func completing(args []string) bool {
	return len(args) > 0 && strings.TrimLeft(args[len(args)-1], "-") == strings.TrimLeft(completeFlag, "-")
}
