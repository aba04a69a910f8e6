package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/resulttest"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

func TestARunThatIsOverIsShownAndCompared(t *testing.T) {
	dir := t.TempDir()
	clean, slow := filepath.Join(dir, "clean"), filepath.Join(dir, "slow")
	for path, slower := range map[string]time.Duration{clean: 0, slow: 400 * time.Millisecond} {
		if err := result.Write(path, resulttest.Run(resulttest.Config{Seed: 3, Calls: 30, Talk: time.Second, Slower: slower}, nil)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"report " + clean, 0, "VERDICT  PASS"},
		{"report --html " + filepath.Join(clean, "run.json"), 0, "<!doctype html>"},
		{"report --junit " + clean, 0, "<testsuite"},
		{"report --csv " + clean, 0, "at_s,scheduled"},
		{"report --md " + clean, 0, "### callsim"},
		{"report --json " + clean, 0, `"verdict": "pass"`},
		{"report --html --md " + clean, 2, ""},
		{"report", 2, ""},
		{"report " + filepath.Join(dir, "nowhere"), 1, ""},
		{"compare " + clean + " " + clean + " --fail-on regression", 0, "n.s."},
		{"compare --fail-on regression " + clean + " " + slow, 1, "worse"},
		{"compare --fail-on regression " + slow + " " + clean, 0, "better"},
		{"compare " + clean + " " + slow, 0, "worse"},
		{"compare --json " + clean + " " + slow, 0, `"word":"worse"`},
		{"compare --fail-on rain " + clean + " " + slow, 2, ""},
		{"compare " + clean, 2, ""},
	} {
		var out, complaint bytes.Buffer
		app := newApp(&out, &complaint)
		err := app.Run(command.Order(app, append([]string{"callsim"}, strings.Fields(c.args)...)))
		if code := command.Report(&complaint, "callsim", err); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit code %d, not %d: %s%.300s", c.args, code, c.code, complaint.String(), out.String())
		}
	}
}
