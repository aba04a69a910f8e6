package virtual_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// The scenarios that come with callsim can be carried out, and a few of their calls end as their people intended.
func TestShippedScenariosRun(t *testing.T) {
	paths, err := filepath.Glob("../../../testdata/scenarios/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no scenarios: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("read the scenario: %v", err)
			}
			r := run(t, string(text), "load.calls=3")
			if r.Counts.Placed != 3 || r.Counts.AsMeant != 3 || r.Verdict != result.Pass || r.Frames.Due == 0 {
				t.Errorf("verdict %s, counts %+v, frames %+v", r.Verdict, r.Counts, r.Frames)
			}
		})
	}
}
