package main

import (
	"context"
	"errors"
	"io"

	"github.com/taciturn-voice/taciturn/cmd/callsim/real"
	"github.com/taciturn-voice/taciturn/cmd/callsim/report"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// runCommand carries out a scenario file.
func runCommand(stdout io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "carry out a scenario with light endpoints in real time",
		ArgsUsage: "SCENARIO.yaml",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "server", DefaultText: "what the scenario says", Usage: "base `URL` of a running server"},
			&cli.StringFlag{Name: "out", Usage: "write the files of the run into `DIR`"},
			&cli.BoolFlag{Name: "json", Usage: "print run.json instead of text"},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Len() != 1 {
				return command.Usagef("callsim run evening.yaml --server https://calls.example.org", "run needs one scenario")
			}
			if url := c.String("server"); url != "" && command.Server("server", url) != nil {
				return command.Server("server", url)
			}
			return runScenario(c.Context, c.Args().First(), c.String("server"), c.String("out"), c.Bool("json"), stdout)
		},
	}
}

func runScenario(ctx context.Context, path, server, out string, asJSON bool, stdout io.Writer) error {
	settings := []string{"engine=real", "endpoint=light"}
	if server != "" {
		settings = append(settings, "target.signaling="+server)
	}
	s, err := scenario.Read(path, settings...)
	if err != nil {
		return command.Usage(err, "go doc ./cmd/callsim/scenario describes the file")
	}
	var rules []result.Rule
	for _, t := range s.Thresholds {
		more, err := result.ParseRules(t.Metric, t.Want)
		if err != nil {
			return command.Usage(err, "thresholds are written like setup.total: p95 < 1s")
		}
		rules = append(rules, more...)
	}
	speech, err := loadClip()
	if err != nil {
		return err
	}
	run, err := real.Run(ctx, s, rules, real.Options{Voice: speech.packets})
	if errors.Is(err, real.ErrUnsupported) {
		return command.Usage(err, "go doc ./cmd/callsim/real says what this engine has")
	}
	if err != nil {
		return err
	}
	run.Tool = "callsim " + command.Version()
	if out != "" {
		if err := result.Write(out, run); err != nil {
			return command.Failed(err, "name a directory you may write to")
		}
	}
	if asJSON {
		err = run.WriteJSON(stdout)
	} else {
		err = report.Text(stdout, run, false)
	}
	if err == nil && run.Exit != result.ExitPass {
		err = &command.Error{Err: errors.New(run.Because()), Hint: "the report says what was measured", Code: run.Exit}
	}
	return err
}
