package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// The exit codes that all commands share.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// Error is a failure with a sentence that says what to do about it and an exit code.
type Error struct {
	Err  error
	Hint string
	Code int
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Failed is an error of the world: exit code 1.
func Failed(err error, hint string) error { return &Error{err, hint, ExitFailed} }

// Usage is an error of the command line or configuration: exit code 2.
func Usage(err error, hint string) error { return &Error{err, hint, ExitUsage} }

// Usagef is Usage with a formatted message.
func Usagef(hint, format string, args ...any) error {
	return Usage(fmt.Errorf(format, args...), hint)
}

// Report prints err as one line, its hint as another, and returns the exit code.
func Report(w io.Writer, name string, err error) int {
	if err == nil {
		return ExitOK
	}
	message := strings.Join(strings.Fields(err.Error()), " ") // joined errors hold newlines
	fmt.Fprintf(w, "%s: error: %s\n", name, message)
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return ExitFailed
	}
	if e.Hint != "" {
		fmt.Fprintf(w, "%s: hint: %s\n", name, e.Hint)
	}
	return e.Code
}

// Main runs app until it is done or SIGINT or SIGTERM asks it to stop, and exits the process.
func Main(app *cli.App) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := app.RunContext(ctx, Order(app, os.Args))
	stop()
	os.Exit(Report(os.Stderr, app.Name, err))
}

// Prepare gives app what all commands share: a version, usage errors with a hint, and no os.Exit inside Run, which
// v2's default ExitErrHandler would call.
func Prepare(app *cli.App) *cli.App {
	app.Version = Version()
	app.HideHelpCommand = true
	app.ExitErrHandler = func(*cli.Context, error) {}
	usage := func(_ *cli.Context, err error, _ bool) error {
		return Usage(err, app.Name+" --help lists the commands and flags")
	}
	app.OnUsageError = usage
	var walk func([]*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			c.OnUsageError = usage
			c.HideHelpCommand = true
			walk(c.Subcommands)
		}
	}
	walk(app.Commands)
	return app
}

// Unknown is the error for a command that does not exist.
func Unknown(app, name string) error {
	return Usagef(app+" --help lists the commands", "unknown command %q", name)
}

// Cause is the innermost error. *net.OpError and *fs.PathError would print addresses and paths.
func Cause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Version is the module version, or the commit this was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
