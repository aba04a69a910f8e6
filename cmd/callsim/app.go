package main

import (
	"io"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// The exit codes that callsim adds to those of all commands.
const (
	exitThreshold = 1
	exitInvalid   = 3
)

// newApp is the command table.
func newApp(stdout, stderr io.Writer) *cli.App {
	return command.Prepare(&cli.App{
		Name:      "callsim",
		Usage:     "real encrypted calls, many at once, with a verdict",
		UsageText: "callsim quick [flags]\ncallsim run SCENARIO.yaml\ncallsim report RUN\ncallsim compare BEFORE AFTER\ncallsim profiles list\ncallsim probe turn HOST:PORT\ncallsim score REFERENCE HEARD",
		Description: `It exits with 0 if every threshold was met, 1 if one was missed, 2 if the command line is wrong, 3 if this
machine was too busy to measure, 4 if nobody answers there, and 5 if something leaked or a probe failed. docs/callsim.md
explains the reports.`,
		Writer:    stdout,
		ErrWriter: stderr,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return command.Unknown("callsim", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		Commands: append([]*cli.Command{
			runCommand(stdout, stderr),
			{
				Name:  "quick",
				Usage: "place some calls at once and judge set-up, loss, speech and privacy",
				Flags: []cli.Flag{
					&cli.IntFlag{Name: "calls", Value: 20, Usage: "`N` calls at once"},
					&cli.Float64Flag{Name: "seconds", Value: 10, Usage: "talk for so many `SECONDS`"},
					&cli.DurationFlag{Name: "ramp", Value: 2 * time.Second, Usage: "spread the first presses evenly over `DURATION`"},
					&cli.StringFlag{Name: "server", DefaultText: "an embedded server and relay", Usage: "base `URL` of a running server"},
					&cli.BoolFlag{Name: "own-encoder", Usage: "every phone runs its own Opus encoder"},
					&cli.BoolFlag{Name: "json", Usage: "print the report as JSON"},
				},
				Action: func(c *cli.Context) error {
					cfg, err := quickFrom(c)
					if err != nil {
						return err
					}
					return runQuick(c.Context, cfg, stdout, stderr)
				},
			},
			profilesCommand(stdout),
			probeCommand(stdout, stderr),
			{
				Name:      "score",
				Usage:     "compare a recording with what was spoken",
				ArgsUsage: "REFERENCE HEARD",
				Flags: []cli.Flag{
					&cli.Float64Flag{Name: "min", Value: 0.95, Usage: "exit with 1 below this `STOI`"},
					&cli.BoolFlag{Name: "json", Usage: "print JSON"},
				},
				Action: func(c *cli.Context) error {
					if c.Args().Len() != 2 {
						return command.Usagef("callsim score speech.wav out.wav", "score needs two files")
					}
					if least := c.Float64("min"); !(least >= 0 && least <= 1) {
						return command.Usagef("0.95 is the default", "--min must be 0 to 1")
					}
					return runScore(c.Args().Get(0), c.Args().Get(1), c.Float64("min"), c.Bool("json"), stdout)
				},
			},
		}, outputCommands(stdout)...),
	})
}

// quickConfig is what the flags of quick decide.
type quickConfig struct {
	calls      int
	talk       time.Duration
	ramp       time.Duration
	server     string // empty: embedded
	ownEncoder bool
	json       bool
}

const (
	maxCalls   = 500
	maxSeconds = 3600
)

// quickFrom is the only reader of quick's flags.
func quickFrom(c *cli.Context) (quickConfig, error) {
	cfg := quickConfig{
		calls:      c.Int("calls"),
		talk:       time.Duration(c.Float64("seconds") * float64(time.Second)),
		ramp:       c.Duration("ramp"),
		server:     c.String("server"),
		ownEncoder: c.Bool("own-encoder"),
		json:       c.Bool("json"),
	}
	switch {
	case c.Args().Present():
		return cfg, command.Usagef("callsim quick --help lists the flags", "quick takes no argument")
	case cfg.server != "" && command.Server("server", cfg.server) != nil:
		return cfg, command.Server("server", cfg.server)
	case cfg.calls < 1 || cfg.calls > maxCalls:
		return cfg, command.Usagef("quick runs full phones in one process", "--calls must be 1 to %d", maxCalls)
	case cfg.talk < 2*time.Second || cfg.talk > maxSeconds*time.Second:
		return cfg, command.Usagef("speech is compared in pieces of 0.4 s, so two seconds are the least", "--seconds must be 2 to %d", maxSeconds)
	case cfg.ramp < 0 || cfg.ramp > time.Minute:
		return cfg, command.Usagef("write it like 2s", "--ramp must be 0 to 1m")
	}
	return cfg, nil
}
