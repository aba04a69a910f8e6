package commandtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Script is what the commands here need of a *testscript.TestScript, which is for tests alone to import.
type Script interface {
	Exec(command string, args ...string) error
	ReadFile(name string) string
	MkAbs(name string) string
	Getenv(key string) string
	Setenv(key, value string)
	Defer(func())
	Fatalf(format string, args ...any)
}

// World is what the commands of one script share.
type World struct {
	processes map[string]*Process
	private   []string // what no error may name
}

// NewWorld makes the world of one script.
func NewWorld() *World { return &World{processes: make(map[string]*Process)} }

// Commands are the commands that a script can use besides those of testscript:
//
//	fails CODE COMMAND ARGUMENT…   the command must exit with CODE and say why, as Failure wants it
//	serve NAME FLAG…               start taciturnd; its URL is in $SERVER and its relay in $RELAY
//	listens NAME                   put its addresses into $LISTEN, $TURN and $ADMIN
//	damage DIRECTORY               flip one bit of the largest file below it
//	person NAME                    taciturn --profile NAME init; the contact link is in $NAME
//	start NAME COMMAND ARGUMENT…   start a command in the background
//	await NAME TEXT                wait until it has printed TEXT
//	terminate NAME                 ask it to stop, and want exit code 0
//	crash NAME                     kill it without asking
//	exits NAME CODE                wait until it ends by itself
var Commands = map[string]func(*World, Script, []string) error{
	"fails":     (*World).fails,
	"serve":     (*World).serve,
	"listens":   (*World).listens,
	"damage":    (*World).damage,
	"person":    (*World).person,
	"start":     (*World).start,
	"await":     (*World).await,
	"exits":     (*World).exits,
	"terminate": (*World).terminate,
	"crash":     (*World).crash,
}

var errArguments = errors.New("wrong number of arguments")

func (w *World) fails(s Script, args []string) error {
	if len(args) < 2 {
		return errArguments
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	err = s.Exec(args[1], args[2:]...)
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != want {
		return fmt.Errorf("it ended with %v, not with exit code %d", err, want)
	}
	return Failure(args[1], s.ReadFile("stderr"), append(w.private, s.MkAbs("."))...)
}

// command runs in the script's directory and finds the script's profiles.
func (w *World) command(s Script, name string, args []string) *exec.Cmd {
	cmd := exec.Command(Bin(name), args...)
	cmd.Dir = s.MkAbs(".")
	cmd.Env = os.Environ()
	for _, key := range []string{"HOME", "TMPDIR", "TACITURN_HOME"} {
		cmd.Env = append(cmd.Env, key+"="+s.Getenv(key))
	}
	return cmd
}

func (w *World) serve(s Script, args []string) error {
	if len(args) < 1 {
		return errArguments
	}
	server, err := launchServer(w.command(s, "taciturnd", args[1:]))
	if err != nil {
		return err
	}
	s.Defer(server.Kill)
	w.processes[args[0]] = server.Process
	if server.URL != "" {
		s.Setenv("SERVER", server.URL)
	}
	if server.Relay != "" {
		s.Setenv("RELAY", server.Relay)
	}
	return nil
}

func (w *World) listens(s Script, args []string) error {
	p, err := w.process(args, 1)
	if err != nil {
		return err
	}
	for line := range strings.Lines(p.Stdout.String()) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "signaling":
			s.Setenv("LISTEN", strings.TrimPrefix(words[1], "http://"))
		case "relay":
			s.Setenv("TURN", strings.TrimSuffix(strings.TrimPrefix(words[1], "turn:"), "?transport=udp"))
		case "admin":
			s.Setenv("ADMIN", strings.TrimSuffix(strings.TrimPrefix(words[1], "http://"), "/metrics"))
		}
	}
	return nil
}

func (w *World) damage(s Script, args []string) error {
	if len(args) != 1 {
		return errArguments
	}
	var largest string
	var size int64
	err := filepath.WalkDir(s.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	b, err := os.ReadFile(largest)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 1
	return os.WriteFile(largest, b, 0o600)
}

func (w *World) person(s Script, args []string) error {
	if len(args) != 1 {
		return errArguments
	}
	if err := s.Exec("taciturn", "--profile", args[0], "init", "--server", s.Getenv("SERVER")); err != nil {
		return err
	}
	for line := range strings.Lines(s.ReadFile("stdout")) {
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		switch words[0] {
		case "id":
			id, _, _ := strings.Cut(words[1], "@")
			w.private = append(w.private, id)
		case "link":
			_, secret, _ := strings.Cut(words[1], "#")
			w.private = append(w.private, secret)
			s.Setenv(args[0], words[1])
		}
	}
	return nil
}

func (w *World) start(s Script, args []string) error {
	if len(args) < 2 {
		return errArguments
	}
	p, err := launch(w.command(s, args[1], args[2:]))
	if err != nil {
		return err
	}
	s.Defer(p.Kill)
	w.processes[args[0]] = p
	return nil
}

func (w *World) process(args []string, want int) (*Process, error) {
	if len(args) != want {
		return nil, errArguments
	}
	p, ok := w.processes[args[0]]
	if !ok {
		return nil, fmt.Errorf("nothing called %q was started", args[0])
	}
	return p, nil
}

func (w *World) await(_ Script, args []string) error {
	p, err := w.process(args, 2)
	if err == nil {
		_, err = p.Await(args[1])
	}
	return err
}

func (w *World) terminate(_ Script, args []string) error {
	p, err := w.process(args, 1)
	if err != nil {
		return err
	}
	if !p.Running() {
		return errors.New("it has ended already")
	}
	p.Terminate()
	return p.wants(0)
}

func (w *World) crash(_ Script, args []string) error {
	p, err := w.process(args, 1)
	if err == nil {
		p.Kill()
	}
	return err
}

func (w *World) exits(_ Script, args []string) error {
	p, err := w.process(args, 2)
	if err != nil {
		return err
	}
	code, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return p.wants(code)
}

// wants waits for an exit code.
func (p *Process) wants(code int) error {
	switch got, err := p.Wait(); {
	case err != nil:
		return err
	case got != code:
		return fmt.Errorf("exit code %d, not %d:\n%s%s", got, code, p.Stdout, p.Stderr)
	}
	return nil
}
