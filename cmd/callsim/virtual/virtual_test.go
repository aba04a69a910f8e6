package virtual_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
	"github.com/taciturn-voice/taciturn/cmd/callsim/virtual"
)

func TestMain(m *testing.M) {
	virtual.Child()
	os.Exit(m.Run())
}

const lossy = `
version: 1
name: lossy
seed: 7
engine: virtual
endpoint: full
load: {model: open, arrivals: {constant: {rate: 1/s}}, stages: [{hold: 10s}], calls: 4}
calls:
  - {name: talk, weight: 3, duration: 5s, ring: 2s}
  - {name: no, weight: 1, outcome: rejected, ring: 1s}
network: {between: 10ms, caller: wifi-lossy, callee: lte}
`

// run carries out a scenario. Voice is noise of the size of an Opus frame at 32 kbit/s.
func run(t *testing.T, text string, settings ...string) *result.Run {
	t.Helper()
	s, err := scenario.Parse([]byte(text), ".", settings...)
	if err != nil {
		t.Fatalf("read the scenario: %v", err)
	}
	r, err := virtual.Run(t.Context(), s, nil, virtual.Options{Voice: [][]byte{bytes.Repeat([]byte{0x78}, 80)}, Stderr: t.Output()})
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return r
}

// files are those of a run, without what two runs may differ in.
func files(t *testing.T, r *result.Run) map[string]string {
	t.Helper()
	r.Stamp = result.Stamp{}
	dir := t.TempDir()
	if err := result.Write(dir, r); err != nil {
		t.Fatalf("write the files: %v", err)
	}
	all := make(map[string]string)
	for _, name := range []string{result.RunFile, result.CallsFile, result.EventsFile, result.SeriesFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("read a file: %v", err)
		}
		all[name] = string(text)
	}
	return all
}

// A run with loss, through the relay, is the same to the byte.
func TestOneSeedIsOneRun(t *testing.T) {
	first, second := run(t, lossy), run(t, lossy)
	if first.Counts.AsMeant != first.Counts.Placed || first.Frames.Network == 0 {
		t.Fatalf("counts %+v, frames %+v: want calls that end as intended, over links that lose", first.Counts, first.Frames)
	}
	a, b := files(t, first), files(t, second)
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs:\n%s\n%s", name, a[name], b[name])
		}
	}
}

func TestPeopleDoAsTheMixSays(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]result.Outcome{
		"no_answer, ring_timeout: 20s": result.OutcomeNoAnswer, "busy": result.OutcomeBusy, "cancelled, ring: 3s": result.OutcomeCancelled,
	} {
		r := run(t, `
version: 1
name: people
load: {arrivals: {constant: {rate: 1/s}}, stages: [{hold: 10s}], calls: 1}
calls: [{name: one, outcome: `+outcome+`}]
network: {between: 10ms}
`)
		if got := r.Calls[0].Outcome; got != want {
			t.Errorf("%s: the call was %s (%s)", outcome, got, r.Calls[0].Failure)
		}
	}
}

func TestAServerThatIsGoneAtThePressCostsTheCall(t *testing.T) {
	t.Parallel()
	r := run(t, lossy, "load.calls=1", "faults=[{at: 0s, do: signaling.kill}]")
	if c := r.Calls[0]; c.Outcome != result.OutcomeFailed || r.Counts.Failed != 1 {
		t.Errorf("the call was %s (%s)", c.Outcome, c.Failure)
	}
}

func TestARelayThatIsCutOffForAWhileIsARecovery(t *testing.T) {
	t.Parallel()
	r := run(t, lossy, "load.calls=1", "faults=[{at: 6s, do: relay.partition, for: 2s}]")
	c := r.Calls[0]
	if c.Outcome != result.OutcomeAnswered || len(c.Recoveries) != 1 || !c.Recoveries[0].Recovered || r.Faults[0].Recovered != 1 {
		t.Fatalf("the call was %s, recoveries %+v, faults %+v", c.Outcome, c.Recoveries, r.Faults)
	}
	if took := c.Recoveries[0].Took.Duration(); took < 2*time.Second {
		t.Errorf("it took %v, but the relay was gone for 2s", took)
	}
}

func TestWhatItCannotDoIsRefused(t *testing.T) {
	for _, setting := range []string{"audio.score=true", "load={model: closed, users: 2, pause: 1s, for: 10s}"} {
		s, err := scenario.Parse([]byte(lossy), ".", setting)
		if err != nil {
			t.Fatalf("%s: %v", setting, err)
		}
		if _, err := virtual.Run(t.Context(), s, nil, virtual.Options{Voice: [][]byte{{1}}}); !errors.Is(err, virtual.ErrUnsupported) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
