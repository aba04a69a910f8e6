package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/taciturn-voice/taciturn/cmd/internal/command/commandtest"
	testaudio "github.com/taciturn-voice/taciturn/testdata/audio"
)

func TestMain(m *testing.M) { commandtest.Main(m, "taciturnd", "taciturn") }

// The scripts run the commands as people do; what their own words mean is in commandtest.
func TestScripts(t *testing.T) {
	commands := make(map[string]func(*testscript.TestScript, bool, []string))
	for name, run := range commandtest.Commands {
		commands[name] = func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(run(ts.Value(worldKey{}).(*commandtest.World), ts, args))
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "script"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			env.Values[worldKey{}] = commandtest.NewWorld()
			env.Setenv("PATH", commandtest.Bin("")+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("TACITURN_HOME", filepath.Join(env.WorkDir, "profiles"))
			if _, _, err := commandtest.Certificate(env.WorkDir); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "speech.wav"), testaudio.Speech(), 0o600)
		},
	})
}

type worldKey struct{}
