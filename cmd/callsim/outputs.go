package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/taciturn-voice/taciturn/cmd/callsim/compare"
	"github.com/taciturn-voice/taciturn/cmd/callsim/report"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// outputCommands read runs that are over.
func outputCommands(stdout io.Writer) []*cli.Command {
	return []*cli.Command{
		{
			Name: "report", Usage: "show a run: as text, or in another form", ArgsUsage: "RUN",
			Description: "RUN is the folder of a run, or its run.json. It exits with 0 whatever the verdict was.",
			Flags: []cli.Flag{
				&cli.BoolFlag{Name: "html", Usage: "one self-contained page"},
				&cli.BoolFlag{Name: "junit", Usage: "JUnit XML, a case for each threshold"},
				&cli.BoolFlag{Name: "csv", Usage: "a row for each second"},
				&cli.BoolFlag{Name: "md", Usage: "Markdown, for a comment"},
				&cli.BoolFlag{Name: "json", Usage: "run.json as it is read"},
			},
			Action: func(c *cli.Context) error { return runReport(c, stdout) },
		},
		{
			Name: "compare", Usage: "say whether one run is worse than another, and how sure that is", ArgsUsage: "BEFORE AFTER",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "fail-on", Usage: "exit with 1 on `WHAT`: regression"},
				&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			},
			Action: func(c *cli.Context) error { return runCompare(c, stdout) },
		},
	}
}

func readRun(path string) (*result.Run, error) {
	r, err := result.Read(path)
	if err != nil {
		return nil, command.Failed(command.Bare(command.Cause(err)), "give the folder of a run, or its run.json")
	}
	return r, nil
}

func runReport(c *cli.Context, stdout io.Writer) error {
	if c.Args().Len() != 1 {
		return command.Usagef("callsim report out/", "report needs one run")
	}
	write := func(w io.Writer, r *result.Run) error { return report.Text(w, r, false) }
	chosen := 0
	for name, f := range map[string]func(io.Writer, *result.Run) error{
		"html": report.HTML, "junit": report.JUnit, "md": report.Markdown,
		"csv":  func(w io.Writer, r *result.Run) error { return r.WriteSeries(w) },
		"json": func(w io.Writer, r *result.Run) error { return r.WriteJSON(w) },
	} {
		if c.Bool(name) {
			write = f
			chosen++
		}
	}
	if chosen > 1 {
		return command.Usagef("run it once for each form", "report writes one form at a time")
	}
	r, err := readRun(c.Args().First())
	if err != nil {
		return err
	}
	return write(stdout, r)
}

func runCompare(c *cli.Context, stdout io.Writer) error {
	if c.Args().Len() != 2 {
		return command.Usagef("callsim compare main/ branch/", "compare needs two runs")
	}
	if on := c.String("fail-on"); on != "" && on != "regression" {
		return command.Usagef("--fail-on regression", "--fail-on %q is not known", on)
	}
	before, err := readRun(c.Args().Get(0))
	if err != nil {
		return err
	}
	after, err := readRun(c.Args().Get(1))
	if err != nil {
		return err
	}
	lines, err := compare.Runs(before, after)
	if err != nil {
		return command.Failed(err, "calls are in "+result.CallsFile+", which a run leaves beside "+result.RunFile)
	}
	if c.Bool("json") {
		err = json.NewEncoder(stdout).Encode(lines)
	} else {
		err = compare.Text(stdout, lines)
	}
	if err == nil && c.String("fail-on") != "" && compare.Regressed(lines) {
		err = &command.Error{Err: errors.New("the second run is worse"), Hint: fmt.Sprintf("the lines that end with %s say in what", compare.Worse), Code: exitThreshold}
	}
	return err
}
