package real_test

import (
	"errors"
	"testing"

	"github.com/taciturn-voice/taciturn/cmd/callsim/real"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/scenario"
)

const short = `
version: 1
name: short
seed: 5
engine: real
endpoint: light
target: {signaling: embedded}
load: {model: open, arrivals: {constant: {rate: 10/s}}, stages: [{hold: 1s}], calls: 6}
calls:
  - {name: talk, weight: 2, duration: 1s, ring: 100ms}
  - {name: no, weight: 1, outcome: rejected, ring: 100ms}
network: {caller: wifi-lossy, callee: perfect}
`

func parse(t *testing.T, settings ...string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse([]byte(short), ".", settings...)
	if err != nil {
		t.Fatalf("read the scenario: %v", err)
	}
	return s
}

func TestARunFillsItsResult(t *testing.T) {
	run, err := real.Run(t.Context(), parse(t), nil, real.Options{Shards: 1})
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	if run.Counts.Placed != 6 || run.Counts.AsMeant != 6 {
		t.Fatalf("counts: %+v", run.Counts)
	}
	talked := 0
	for _, c := range run.Calls {
		if c.Outcome != result.OutcomeAnswered {
			continue
		}
		talked++
		if len(c.Directions) != 2 || c.Directions[0].Frames.Due == 0 || c.Directions[0].OneWay.Mean < 5 {
			t.Errorf("call %s: %+v", c.ID, c.Directions)
		}
	}
	if talked == 0 || talked == 6 {
		t.Errorf("%d of 6 calls talked, but the mix has others", talked)
	}
	if run.Generator.Pacer.Count == 0 {
		t.Error("the simulator did not measure itself")
	}
	// Whether this machine is fast enough is not the test's affair; that it is not hidden, is.
	if late := run.Generator.Pacer.P99 > 1; late && run.Verdict != result.Invalid {
		t.Errorf("frames left %g ms late, and the verdict is %s", run.Generator.Pacer.P99, run.Verdict)
	}
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	for _, setting := range []string{"endpoint=full", "faults=[{at: 1s, do: relay.kill}]", "network.nat=symmetric", "calls.0.events=[{at: 1s, do: mute, for: 1s}]"} {
		if _, err := real.Run(t.Context(), parse(t, setting), nil, real.Options{}); !errors.Is(err, real.ErrUnsupported) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestAServerThatIsNotThereIsAResult(t *testing.T) {
	run, err := real.Run(t.Context(), parse(t, "target.signaling=http://127.0.0.1:9"), nil, real.Options{Shards: 1})
	if err != nil || run.Verdict != result.Unreachable || run.Exit != result.ExitUnreachable {
		t.Errorf("the run ended with %v, %+v", err, run.Verdict)
	}
}
