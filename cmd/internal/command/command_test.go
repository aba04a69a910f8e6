package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestAFailureIsOneLineAndAHint(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		want string
	}{
		{nil, ExitOK, ""},
		{Failed(errors.New("wrong passphrase"), "try again"), ExitFailed, "x: error: wrong passphrase\nx: hint: try again\n"},
		{Usagef("say what", "%d is wrong", 7), ExitUsage, "x: error: 7 is wrong\nx: hint: say what\n"},
		{&Error{Err: errors.New("busy"), Hint: "wait", Code: 3}, 3, "x: error: busy\nx: hint: wait\n"},
		// One line, however many errors were joined, and the first that knows a hint gives it.
		{errors.Join(errors.New("one"), Failed(errors.New("two"), "do this")), ExitFailed, "x: error: one two\nx: hint: do this\n"},
		{fmt.Errorf("open: %w", Usage(errors.New("no name"), "name it")), ExitUsage, "x: error: open: no name\nx: hint: name it\n"},
		// The names of our packages help nobody at a terminal; the same words elsewhere stay.
		{Failed(errors.New("calls: register: signaling: server not available"), "h"), ExitFailed, "x: error: register: server not available\nx: hint: h\n"},
		{Failed(errors.New("calls: identity: malformed"), "h"), ExitFailed, "x: error: malformed\nx: hint: h\n"},
		{Failed(errors.New("listen for signaling: taken"), "h"), ExitFailed, "x: error: listen for signaling: taken\nx: hint: h\n"},
		// Even what nobody thought of has a hint.
		{errors.New("surprise"), ExitFailed, "x: error: surprise\nx: hint: " + unforeseen + "\n"},
	} {
		var stderr bytes.Buffer
		if code := Report(&stderr, "x", test.err); code != test.code || stderr.String() != test.want {
			t.Errorf("%v: exit code %d and\n%s\nwant %d and\n%s", test.err, code, stderr.String(), test.code, test.want)
		}
	}
}

func TestBareErrorsNameNoFile(t *testing.T) {
	err := fmt.Errorf("read: %w", &fs.PathError{Op: "open", Path: "/home/alice/key", Err: fs.ErrPermission})
	if got := Bare(err); got != fs.ErrPermission {
		t.Errorf("bare: %v", got)
	}
	plain := errors.New("plain")
	if got := Bare(plain); got != plain {
		t.Errorf("an error without a path became %v", got)
	}
}

func TestServersAreHTTPSOrHere(t *testing.T) {
	for text, good := range map[string]bool{
		"https://calls.example.org":        true,
		"https://calls.example.org:8443/":  true,
		"https://192.0.2.1":                true,
		"http://127.0.0.1:8080":            true,
		"http://[::1]:8080":                true,
		"http://localhost":                 true,
		"http://calls.example.org":         false,
		"http://192.0.2.1":                 false,
		"http://localhost.example.org":     false,
		"https://":                         false,
		"calls.example.org":                false,
		"ftp://calls.example.org":          false,
		"https://calls.example.org/path":   false,
		"https://calls.example.org?q":      false,
		"https://alice@calls.example.org":  false,
		"https://calls.example.org/#c/abc": false,
		"":                                 false,
		"https://a b":                      false,
	} {
		err := Server("server", text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && Report(io.Discard, "x", err) != ExitUsage {
			t.Errorf("%q is no usage error: %v", text, err)
		}
		if err != nil && len(text) > 12 && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats %q", text)
		}
	}
}

// Whatever is wrong with a command line, v2 must neither exit nor print: Report does both.
func TestEveryUsageErrorEndsInReport(t *testing.T) {
	for line, want := range map[string]string{
		"x --bogus":          "flag provided but not defined",
		"x group":            "group needs one of first, second",
		"x group third":      `unknown command "third" after group`,
		"x group --bogus":    "flag provided but not defined",
		"x group first --n":  "flag needs an argument",
		"x group first --n=": "invalid value",
		"x completion":       "completion needs a shell",
		"x completion fish":  "completion needs a shell",
	} {
		var out bytes.Buffer
		app := Prepare(&cli.App{Name: "x", Writer: &out, ErrWriter: &out, Commands: []*cli.Command{{
			Name: "group",
			Subcommands: []*cli.Command{
				{Name: "first", Flags: []cli.Flag{&cli.IntFlag{Name: "n"}}, Action: func(*cli.Context) error { return nil }},
				{Name: "second"},
			},
		}}})
		err := app.RunContext(context.Background(), Order(app, strings.Fields(line)))
		if err == nil || !strings.Contains(err.Error(), want) || Report(io.Discard, "x", err) != ExitUsage {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
		if out.Len() > 0 {
			t.Errorf("%s prints\n%s", line, out.String())
		}
	}
}
