package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"github.com/taciturn-voice/taciturn/cmd/callsim/real"
	"github.com/taciturn-voice/taciturn/cmd/callsim/report"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
	"github.com/taciturn-voice/taciturn/cmd/callsim/virtual"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// runCommand carries out a scenario file.
func runCommand(stdout, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "carry out a scenario: in virtual time with full phones, or in real time against any server",
		ArgsUsage: "SCENARIO.yaml",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "engine", DefaultText: "what the scenario says, else virtual", Usage: "`ENGINE`: virtual or real"},
			&cli.StringFlag{Name: "server", DefaultText: "what the scenario says", Usage: "base `URL` of a running server, for the real engine"},
			&cli.StringSliceFlag{Name: "set", Usage: "change the scenario: `KEY=VALUE`, like seed=7 or load.calls=5"},
			&cli.StringFlag{Name: "out", Usage: "write the files of the run into `DIR`"},
			&cli.BoolFlag{Name: "json", Usage: "print run.json instead of text"},
		},
		Action: func(c *cli.Context) error {
			engine, server := scenario.Engine(c.String("engine")), c.String("server")
			switch {
			case c.Args().Len() != 1:
				return command.Usagef("callsim run evening.yaml --server https://calls.example.org", "run needs one scenario")
			case server != "" && command.Server("server", server) != nil:
				return command.Server("server", server)
			case engine != "" && engine != scenario.Virtual && engine != scenario.Real:
				return command.Usagef("virtual time is for a server of callsim's own, real time for any", "--engine must be virtual or real")
			case engine == scenario.Virtual && server != "":
				return command.Usagef("leave --engine out", "the virtual engine brings its own server")
			}
			settings := c.StringSlice("set")
			if server != "" {
				engine, settings = scenario.Real, append(settings, "target.signaling="+server)
			}
			if engine != "" {
				endpoint := map[scenario.Engine]scenario.Endpoint{scenario.Virtual: scenario.Full, scenario.Real: scenario.Light}[engine]
				settings = append(settings, "engine="+string(engine), "endpoint="+string(endpoint))
			}
			path := c.Args().First()
			s, err := scenario.Read(path, settings...)
			if err != nil {
				return command.Usage(err, "go doc ./cmd/callsim/scenario describes the file")
			}
			if s.Engine == scenario.Real {
				s.Endpoint = scenario.Light // it has no others
			}
			return runScenario(c.Context, s, filepath.Base(path), c.String("out"), c.Bool("json"), stdout, stderr)
		},
	}
}

func runScenario(ctx context.Context, s *scenario.Scenario, name, out string, asJSON bool, stdout, stderr io.Writer) error {
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
	done := calling(stderr, string(s.Engine))
	var run *result.Run
	if s.Engine == scenario.Real {
		run, err = real.Run(ctx, s, rules, real.Options{Voice: speech.packets, Done: done})
	} else {
		run, err = virtual.Run(ctx, s, rules, virtual.Options{Voice: speech.packets, Done: done})
	}
	if errors.Is(err, real.ErrUnsupported) || errors.Is(err, virtual.ErrUnsupported) {
		return command.Usage(err, "go doc ./cmd/callsim/real and ./cmd/callsim/virtual say what the engines have")
	}
	if err != nil {
		return err
	}
	run.Tool = "callsim " + command.Version()
	run.Reproduce = fmt.Sprintf("callsim run %s --engine %s --set seed=%d", name, s.Engine, s.Seed)
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

// calling shows on a terminal how many calls have ended.
func calling(w io.Writer, engine string) func(ended, of int) {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(engine+" calls"),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
	return func(ended, of int) {
		bar.ChangeMax(of)
		_ = bar.Set(ended)
	}
}
