package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/taciturn-voice/taciturn/cmd/callsim/probe"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// The exit codes of probes.
const (
	exitUnreachable = 4
	exitProbeFailed = 5
)

// probeCommand asks servers what they do.
func probeCommand(stdout, stderr io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "probe",
		Usage: "ask a server whether it keeps to the standards and what it lets strangers do",
		Subcommands: []*cli.Command{{
			Name:      "turn",
			Usage:     "a TURN server: conformance, abuse and what abuse costs",
			ArgsUsage: "HOST:PORT",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "transport", Value: "udp", Usage: "udp, tcp or tls"},
				&cli.StringFlag{Name: "turn-secret-file", Usage: "`FILE` with the secret that mints credentials (TURN REST)"},
				&cli.StringFlag{Name: "username", Usage: "`NAME` of one user, instead of a secret"},
				&cli.StringFlag{Name: "password-file", Usage: "`FILE` with that user's password"},
				&cli.IntFlag{Name: "pid", Usage: "`PROCESS` of a server on this machine, for its CPU time"},
				&cli.BoolFlag{Name: "yes-i-own-this", Usage: "it is my server, though it is not on this machine"},
				&cli.BoolFlag{Name: "json", Usage: "print JSON"},
			},
			Action: func(c *cli.Context) error {
				cfg, err := probeFrom(c)
				if err != nil {
					return err
				}
				if !c.Bool("json") {
					cfg.Progress = probeProgress(stderr)
				}
				return runProbe(c.Context, cfg, c.Bool("json"), stdout)
			},
		}},
	}
}

// probeFrom is the only reader of the flags of probe turn.
func probeFrom(c *cli.Context) (cfg probe.Config, err error) {
	if c.Args().Len() != 1 {
		return cfg, command.Usagef("callsim probe turn 127.0.0.1:3478 --turn-secret-file relay.secret", "probe turn needs one HOST:PORT")
	}
	cfg = probe.Config{Target: c.Args().First(), Transport: probe.Transport(c.String("transport")), PID: c.Int("pid")}
	host, port, err := net.SplitHostPort(cfg.Target)
	if err != nil || host == "" || port == "" {
		return cfg, command.Usagef("write it like 127.0.0.1:3478", "not HOST:PORT")
	}
	if at, err := netip.ParseAddr(host); (err != nil || !at.IsLoopback()) && host != "localhost" && !c.Bool("yes-i-own-this") {
		return cfg, command.Usagef("--yes-i-own-this says so; probes attack, so never name a server of other people", "the target is not on this machine")
	}
	switch cfg.Transport {
	case probe.UDP, probe.TCP, probe.TLS:
	default:
		return cfg, command.Usagef("udp is the default", "--transport must be udp, tcp or tls")
	}
	secret, user, password := c.String("turn-secret-file"), c.String("username"), c.String("password-file")
	switch {
	case cfg.PID < 0:
		return cfg, command.Usagef("pidof turnserver tells it", "--pid must be a process")
	case secret != "" && (user != "" || password != ""):
		return cfg, command.Usagef("a secret mints its own users", "give either --turn-secret-file or --username and --password-file")
	case (user == "") != (password == ""):
		return cfg, command.Usagef("give both", "--username and --password-file belong together")
	case secret != "":
		text, err := secretText(secret)
		if err != nil {
			return cfg, err
		}
		cfg.Login = probe.SecretLogin([]byte(text))
	case user != "":
		text, err := secretText(password)
		if err != nil {
			return cfg, err
		}
		cfg.Login = probe.UserLogin(user, text)
	}
	return cfg, nil
}

// secretText is a file's only line.
func secretText(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return "", command.Usagef("chmod 600 the file", "others may read the file of a secret")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", command.Usage(fmt.Errorf("cannot read the file of a secret: %w", command.Bare(err)), "name a file that you may read")
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return "", command.Usagef("write it there as one line", "the file of a secret is empty")
	}
	return text, nil
}

// probeProgress says on a terminal which probe runs.
func probeProgress(stderr io.Writer) func(string) {
	f, ok := stderr.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(name string) { fmt.Fprintf(stderr, "\r\x1b[K%s", name) }
}

func runProbe(ctx context.Context, cfg probe.Config, asJSON bool, stdout io.Writer) error {
	r, err := probe.Run(ctx, cfg)
	if cfg.Progress != nil {
		cfg.Progress("")
	}
	if errors.Is(err, probe.ErrUnreachable) {
		return &command.Error{Err: probe.ErrUnreachable, Hint: "is it running, and is this its transport?", Code: exitUnreachable}
	}
	if r == nil {
		return err
	}
	write := r.WriteText
	if asJSON {
		write = r.WriteJSON
	}
	if err := errors.Join(err, write(stdout)); err != nil {
		return err
	}
	if n := r.Count(probe.Fail); n > 0 {
		return &command.Error{Err: fmt.Errorf("%d probes failed", n), Hint: "the table says what was wanted and what came", Code: exitProbeFailed}
	}
	return nil
}
