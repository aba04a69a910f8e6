package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/turn"
	"github.com/urfave/cli/v2"
)

// newApp is the command table.
func newApp(stdout, stderr io.Writer) *cli.App {
	return command.Prepare(&cli.App{
		Name:        "taciturnd",
		Usage:       "encrypted signaling and a TURN relay that say as little as possible",
		UsageText:   "taciturnd [flags]\ntaciturnd secret FILE",
		Description: "Without flags it serves on loopback with data in memory: enough for a first call on this machine.\nSIGTERM stops it gracefully. It exits with 0 if it was asked to stop, 1 if it failed, 2 if the command line is wrong.",
		Writer:      stdout,
		ErrWriter:   stderr,
		Flags:       flags(),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return command.Unknown("taciturnd", c.Args().First())
			}
			cfg, err := configFrom(c)
			if err != nil {
				return err
			}
			return run(c.Context, cfg, stdout, stderr)
		},
		Commands: []*cli.Command{{
			Name:      "secret",
			Usage:     "write a new relay secret to FILE (mode 0600), to be shared by the two roles",
			ArgsUsage: "FILE",
			Action: func(c *cli.Context) error {
				if c.Args().Len() != 1 {
					return command.Usage(errors.New("secret needs exactly one file name"), "taciturnd secret relay.secret")
				}
				return writeSecret(c.Args().First(), stdout)
			},
		}},
	})
}

// writeSecret refuses to overwrite: the old secret may hold live calls together.
func writeSecret(path string, stdout io.Writer) error {
	secret, err := turn.GenerateSecret()
	if err != nil {
		return fmt.Errorf("draw a secret: %w", err)
	}
	text, err := secret.MarshalText()
	if err != nil {
		return fmt.Errorf("encode the secret: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return command.Failed(errors.New("the file exists already and was left alone"), "choose another name, or move the old file away first")
	}
	if err != nil {
		return command.Failed(fmt.Errorf("create the secret file: %w", command.Bare(err)), "name a file in a directory you may write to")
	}
	if _, err = f.Write(append(text, '\n')); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return command.Failed(fmt.Errorf("write the secret file: %w", command.Bare(err)), "remove the file and try again; is the disk full?")
	}
	fmt.Fprintln(stdout, "secret written; give the same file to both roles with --turn-secret-file")
	return nil
}
