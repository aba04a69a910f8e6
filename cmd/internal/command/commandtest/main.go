package commandtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// bin is where Main has put the commands.
var bin string

// Main is the TestMain of a command: it compiles what the tests run as processes, runs them, and cleans up.
func Main(m *testing.M, commands ...string) {
	code, err := runMain(m, commands)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runMain(m *testing.M, commands []string) (code int, err error) {
	if bin, err = os.MkdirTemp("", "taciturn-commands-"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	args := []string{"build", "-trimpath", "-o", bin + string(filepath.Separator)}
	for _, c := range commands {
		args = append(args, "github.com/taciturn-voice/taciturn/cmd/"+c)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // whatever the tests themselves use
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the commands: %w: %s", err, out)
	}
	return m.Run(), nil
}

// Bin is the path of a command that Main has compiled; of their directory if name is empty.
func Bin(name string) string { return filepath.Join(bin, name) }
