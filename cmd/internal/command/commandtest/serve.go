package commandtest

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Server is a running taciturnd.
type Server struct {
	*Process
	URL   string   // of signaling; empty for a relay
	Relay string   // HOST:PORT of UDP; empty for signaling alone
	TURN  []string // every URL of the relay
}

// Serve starts taciturnd on free loopback ports, and returns when it serves. Flags in args come last and win.
func Serve(t testing.TB, path string, args ...string) *Server {
	t.Helper()
	s, err := LaunchServer(path, args...)
	if err != nil {
		t.Fatalf("start taciturnd: %v", err)
	}
	t.Cleanup(func() { s.Kill() })
	return s
}

// LaunchServer is Serve for a caller that stops the server itself.
func LaunchServer(path string, args ...string) (*Server, error) {
	return launchServer(exec.Command(path, args...))
}

func launchServer(cmd *exec.Cmd) (*Server, error) {
	cmd.Args = slices.Insert(cmd.Args, 1, "--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	s := &Server{Process: p}
	if _, err := p.Await("  admin "); err != nil {
		p.Kill()
		return nil, fmt.Errorf("taciturnd does not serve: %w", err)
	}
	for line := range strings.Lines(p.Stdout.String()) {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "turn:") || strings.HasPrefix(word, "turns:") {
				s.TURN = append(s.TURN, word)
			}
		}
		switch words := strings.Fields(line); {
		case len(words) < 2:
		case words[0] == "signaling":
			s.URL = words[1]
		case words[0] == "relay":
			s.Relay = strings.TrimSuffix(strings.TrimPrefix(words[1], "turn:"), "?transport=udp")
		}
	}
	return s, nil
}
