package commandtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for another process. Only a broken test waits so long.
const patience = 60 * time.Second

// Process is a running command.
type Process struct {
	// Static after Launch.
	cmd    *exec.Cmd
	Stdout *Output
	Stderr *Output
	exited chan struct{} // closed by waitLoop
}

// Launch starts a command that the caller must stop. Its standard input is empty.
func Launch(path string, args ...string) (*Process, error) {
	return launch(exec.Command(path, args...))
}

func launch(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, Stdout: newOutput(), Stderr: newOutput(), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.Stdout, p.Stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.waitLoop()
	return p, nil
}

// Start is Launch for a test, which kills the process when it ends.
func Start(t testing.TB, path string, args ...string) *Process {
	t.Helper()
	return StartIn(t, nil, path, args...)
}

// StartIn is Start with more environment.
func StartIn(t testing.TB, env []string, path string, args ...string) *Process {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	p, err := launch(cmd)
	if err != nil {
		t.Fatalf("start %s: %v", filepath.Base(path), err)
	}
	t.Cleanup(func() { p.Kill() })
	return p
}

func (p *Process) waitLoop() {
	_ = p.cmd.Wait() // the exit code is read from ProcessState
	close(p.exited)
}

// Terminate asks the process to stop, as a service manager does.
func (p *Process) Terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// Kill ends the process without asking, and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Running says whether the process has not exited yet.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Wait returns the exit code; -1 is that of a killed process.
func (p *Process) Wait() (int, error) {
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		return 0, errors.New("the process does not exit")
	}
}

// Await returns the first line of standard output that contains text.
func (p *Process) Await(text string) (string, error) {
	deadline := time.After(patience)
	for {
		line, changed := p.Stdout.find(text)
		if line != "" {
			return line, nil
		}
		select {
		case <-changed:
		case <-deadline:
			return "", fmt.Errorf("no line with %q; the output so far:\n%s%s", text, p.Stdout, p.Stderr)
		case <-p.exited:
			if line, _ := p.Stdout.find(text); line != "" {
				return line, nil
			}
			return "", fmt.Errorf("the process has ended without a line with %q:\n%s%s", text, p.Stdout, p.Stderr)
		}
	}
}

// Output is what a process has written so far.
type Output struct {
	// Guarded by mu.
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed at the next write
}

func newOutput() *Output { return &Output{changed: make(chan struct{})} }

func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(b)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// find returns the first whole line with text, and what is closed when there may be more.
func (o *Output) find(text string) (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	whole := o.text.String()
	whole = whole[:strings.LastIndexByte(whole, '\n')+1]
	for line := range strings.Lines(whole) {
		if strings.Contains(line, text) {
			return strings.TrimSuffix(line, "\n"), o.changed
		}
	}
	return "", o.changed
}
