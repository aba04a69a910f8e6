package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"regexp"
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

// unforeseen is the hint for what nobody has thought of.
const unforeseen = "this was not foreseen; if it happens again, please report it with the line above"

// packageName is what our libraries begin their errors with. It helps developers and nobody else.
var packageName = regexp.MustCompile(`(^|: )(?:(?:audio|bus|calls|callstate|directory|envelope|identity|media|quality|record|seal|server|sframe|signaling|turn): )+`)

// Report prints err as one line, its hint as another, and returns the exit code.
func Report(w io.Writer, name string, err error) int {
	if err == nil {
		return ExitOK
	}
	hint, code := unforeseen, ExitFailed
	if e, ok := errors.AsType[*Error](err); ok {
		code = e.Code
		if e.Hint != "" {
			hint = e.Hint
		}
	}
	message := strings.Join(strings.Fields(err.Error()), " ") // joined errors hold newlines
	fmt.Fprintf(w, "%s: error: %s\n%s: hint: %s\n", name, packageName.ReplaceAllString(message, "$1"), name, hint)
	return code
}

// Main runs app until it is done or SIGINT or SIGTERM asks it to stop, and exits the process.
func Main(app *cli.App) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := app.RunContext(ctx, Order(app, os.Args))
	stop()
	os.Exit(Report(os.Stderr, app.Name, err))
}

// Prepare gives app what all commands share: a version, a manual page, completion in shells, usage errors with a hint,
// and no os.Exit inside Run, which v2's default ExitErrHandler would call.
func Prepare(app *cli.App) *cli.App {
	app.Version = Version()
	app.HideHelpCommand = true
	app.EnableBashCompletion = true
	app.Commands = append(app.Commands, manuals(app)...)
	app.ExitErrHandler = func(*cli.Context, error) {}
	usage := func(_ *cli.Context, err error, _ bool) error {
		return Usage(err, app.Name+" --help lists the commands and flags")
	}
	app.OnUsageError = usage
	var walk func([]*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			c.OnUsageError = usage
			quietFlags(c.Flags)
			c.HideHelpCommand = true
			if len(c.Subcommands) > 0 && c.Action == nil {
				c.Action = group(app.Name, c)
			}
			walk(c.Subcommands)
		}
	}
	walk(app.Commands)
	quietFlags(app.Flags)
	return app
}

// quietFlags keeps help from saying of every switch that it is off.
func quietFlags(flags []cli.Flag) {
	for _, f := range flags {
		if b, ok := f.(*cli.BoolFlag); ok {
			b.DisableDefaultText = true
		}
	}
}

// group is the action of a command that only holds others: one of them must be named.
func group(app string, c *cli.Command) cli.ActionFunc {
	var names []string
	for _, sub := range c.Subcommands {
		names = append(names, sub.Name)
	}
	hint := app + " " + c.Name + " --help lists them"
	return func(ctx *cli.Context) error {
		if ctx.Args().Present() {
			return Usagef(hint, "unknown command %q after %s", ctx.Args().First(), c.Name)
		}
		return Usagef(hint, "%s needs one of %s", c.Name, strings.Join(names, ", "))
	}
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

// Bare is err without the path that it names: the person at the keyboard knows it, and a log should not.
func Bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
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
