package resulttest

import (
	"bytes"
	"testing"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

func TestWhatIsMadeUpIsSensibleAndTheSameAgain(t *testing.T) {
	var first bytes.Buffer
	for range 2 {
		run := Run(Config{Seed: 5, Calls: 40, Talk: 3 * 1e9, Kill: 10 * 1e9, Worst: 5}, nil)
		if run.Verdict != result.Pass || run.Counts.Answered < 25 || run.Metrics["media.mos_fb"].P50 < 3.4 || run.Faults[0].Affected == 0 {
			t.Errorf("%s %+v %+v", run.Verdict, run.Counts, run.Faults)
		}
		if f := run.Frames; f.Lost() == 0 || f.Recovered == 0 {
			t.Errorf("%+v", f)
		}
		var b bytes.Buffer
		if err := run.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if first.Len() > 0 && !bytes.Equal(b.Bytes(), first.Bytes()) {
			t.Error("not the same")
		}
		first = b
	}
}
