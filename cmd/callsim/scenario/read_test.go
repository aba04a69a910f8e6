package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const everything = `
version: 1
name: evening-peak
note: what everything looks like
seed: 42
target: {signaling: embedded, relays: 2}
load:
  model: open
  arrivals: {poisson: {rate: 2/s}}
  stages: [{ramp_to: 2/s, over: 60s}, {hold: 10m}, {spike: 10/s, for: 15s}, {drain: 60s}]
  calls: 900
  max_concurrent: 600
calls:
  - {name: normal, weight: 80, duration: {lognormal: {median: 110s, sigma: 1.0}}, ring: {exp: 6s}}
  - {name: no-answer, weight: 12, outcome: no_answer, ring_timeout: 30s}
  - {name: steady, weight: 5, duration: {erlang: {k: 3, mean: 60s}}, ring: {empirical: [1s, 3s]}, caller: wifi, callee: {pick: [lte, {train: 2}]}}
  - name: mobile
    weight: 3
    duration: 180s
    events: [{at: 90s, do: mute, for: 10s}, {at: 40s, do: switch_network, to: lte, overlap: -3s, who: callee}]
audio: {source: synthetic, score: true}
network:
  between: 15ms
  caller: {pick: [{wifi: 50}, {lte: 30}, {starlink: 20}]}
  callee: {same_as: caller}
  nat: {pick: [{endpoint-independent: 60}, {port-restricted: 30}, {symmetric: 10}]}
faults: [{at: 8m, do: signaling.restart}, {at: 5m, do: relay.kill, index: 1}, {at: 9m, do: relay.partition, for: 2s}]
thresholds:
  setup.success_rate: ">= 99.5%"
  setup.total: [p95 < 1s, p99 < 2s]
`

func TestEverythingIsReadAndWrittenAgain(t *testing.T) {
	s, err := Parse([]byte(everything), "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Faults[0].Do != RelayKill || s.Calls[3].Events[0].Do != SwitchNetwork || s.Calls[3].Events[0].Overlap != -3*time.Second {
		t.Errorf("not in order of time: %+v, %+v", s.Faults, s.Calls[3].Events)
	}
	if s.Thresholds[1] != (Threshold{"setup.total", "p95 < 1s", 30}) {
		t.Errorf("threshold %+v", s.Thresholds[1])
	}
	wantSame(t, s)
	for name, text := range map[string]string{
		"mmpp":    "version: 1\nload: {arrivals: {mmpp: {rates: [1/s, 8/s], stays: [60s, 10s]}}, stages: [{hold: 5m}]}",
		"closed":  "version: 1\nload: {model: closed, users: 5, pause: {exp: 3s}, for: 10m}",
		"default": "version: 1\nload: {calls: 3}",
		"real":    "version: 1\nengine: real\nendpoint: light\ntarget: {signaling: https://call.example.org}\nload: {calls: 3}",
	} {
		s, err := Parse([]byte(text), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantSame(t, s)
	}
}

// wantSame writes a scenario out and reads it again.
func wantSame(t *testing.T, s *Scenario) {
	t.Helper()
	lock := s.Lock()
	again, err := Parse(lock, "")
	if err != nil {
		t.Fatalf("%v in\n%s", err, lock)
	}
	for _, x := range []*Scenario{s, again} {
		for i := range x.Thresholds {
			x.Thresholds[i].Line = 0
		}
	}
	if !reflect.DeepEqual(s, again) || !reflect.DeepEqual(s.Plan(), again.Plan()) {
		t.Errorf("%+v\nbecame\n%+v\nby\n%s", s, again, lock)
	}
}

func TestATraceIsReadFromBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	must := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	must("calls.csv", "seconds,who\n0.5,a\n0.25,b\n90,c\n")
	path := must("s.yaml", "version: 1\nload: {arrivals: {trace: calls.csv}}")
	s, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if p := s.Plan(); len(p.Calls) != 3 || p.Calls[0].At != 250*time.Millisecond || p.Calls[2].At != 90*time.Second {
		t.Errorf("%+v", p.Calls)
	}
	wantSame(t, s)
	must("calls.csv", "1\nsoon\n")
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "record 2") {
		t.Errorf("a bad trace: %v", err)
	}
	if _, err := Read(filepath.Join(dir, "none.yaml")); err == nil || strings.Contains(err.Error(), dir) {
		t.Errorf("no file: %v", err)
	}
}

func TestWhatIsWrongIsSaidWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"version: 1\nload: {calls: 3}\nthreshold: {}":                                                   `line 3: unknown key "threshold" (did you mean thresholds?)`,
		"version: 2\nload: {calls: 3}":                                                                  "line 1: version: must be a whole number from 1 to 1",
		"load: {calls: 3}":                                                                              "version is missing",
		"version: 1":                                                                                    "load: stages or calls must say when it ends",
		"version: 1\nload:\n  calls: many":                                                              "line 3: load.calls: must be a whole number",
		"version: 1\nload:\n  calls: 1\n  calls: 2":                                                     "line 4: load.calls: is there twice",
		"version: 1\nload: {calls: 1}\nnetwork: {caller: wify}":                                         `network.caller: "wify" is not known (did you mean wifi?)`,
		"version: 1\nload: {calls: 1}\nnetwork: {nat: {pick: []}}":                                      "network.nat: must be a name, or {pick:",
		"version: 1\nload: {arrivals: {poison: {rate: 1}}, calls: 1}":                                   "did you mean poisson?",
		"version: 1\nload: {arrivals: {poisson: {rate: fast}}, calls: 1}":                               "must be a rate, like 2/s",
		"version: 1\nload: {arrivals: {poisson: {rate: 0}}, calls: 1}":                                  "needs a rate above 0",
		"version: 1\nload: {stages: [{hold: 5m, drain: 1s}]}":                                           "load.stages[0]: is both hold and drain",
		"version: 1\nload: {stages: [{hold: forever}]}":                                                 "must be a duration",
		"version: 1\nload: {users: 3, calls: 1}":                                                        "load.users: belongs to model: closed",
		"version: 1\nload: {model: closed, users: 3}":                                                   "or it never ends",
		"version: 1\nload: {calls: 1}\ncalls: [{name: a}, {name: a}]":                                   "two are called a",
		"version: 1\nload: {calls: 1}\ncalls: [{weight: 0}]":                                            "no weight is above 0",
		"version: 1\nload: {calls: 1}\ncalls: [{duration: {normal: 1s}}]":                               `"normal" is none of`,
		"version: 1\nload: {calls: 1}\ncalls: [{outcome: busy, events: [{at: 1s, do: mute, for: 1s}]}]": "happen in calls that are answered",
		"version: 1\nload: {calls: 1}\ncalls: [{events: [{do: mute}]}]":                                 "needs for",
		"version: 1\nload: {calls: 1}\nfaults: [{at: 5s, do: relay.kill, index: 1}]":                    "faults[0].index: must be a whole number from 0 to 0",
		"version: 1\nload: {calls: 1}\nfaults: [{at: 5s, do: relay.partition}]":                         "needs for",
		"version: 1\nload: {calls: 1}\nfaults: [{at: 5s}]":                                              "needs do",
		"version: 1\nload: {calls: 1}\nthresholds: [a]":                                                 "thresholds: must be an object",
		"version: 1\nload: {calls: 1}\ntarget: {signaling: \"https://x.example\"}":                      "the virtual engine brings its own server",
		"version: 1\nload: {calls: 1}\nendpoint: light":                                                 "light endpoints need engine: real",
		"version: 1\nload: {calls: 1}\naudio: {source: silence, score: true}":                           "silence cannot be scored",
		"version: 1\nload: {calls: 1}\naudio: 5":                                                        "audio: must be an object",
		"a: &x 1\nb: *x":                                                                                "aliases are not supported",
		"version: [":                                                                                    "line 1:",
		"version: 1\n---\nversion: 1":                                                                   "one document",
		"":                                                                                              "version is missing",
	} {
		_, err := Parse([]byte(text), "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestSettingsChangeWhatTheFileSays(t *testing.T) {
	s, err := Parse([]byte(everything), "", "load.calls=5", "seed=7", "network.caller=train", "calls.0.duration=3s", "load.stages.1.hold=20s",
		"thresholds.media.mos_fb=p50 >= 4", "audio={score: false}")
	if err != nil {
		t.Fatal(err)
	}
	if s.Load.Calls != 5 || s.Seed != 7 || s.Network.Caller[0].Name != "train" || s.Calls[0].Duration.Value != 3*time.Second || s.Load.Stages[1].For != 20*time.Second || s.Audio.Score {
		t.Errorf("%+v", s)
	}
	if last := s.Thresholds[len(s.Thresholds)-1]; last.Metric != "media.mos_fb" || last.Want != "p50 >= 4" {
		t.Errorf("%+v", last)
	}
	for _, bad := range []string{"load.calls", "=5", "load.stages.9.hold=5s", "load.cals=5", "seed={", "seed=*x"} {
		if _, err := Parse([]byte(everything), "", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(everything)
	f.Add("version: 1\nload: {arrivals: {trace: [1s, 2s]}}\ncalls: [{events: [{at: 1s, do: offline, for: 2s}]}]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse([]byte(text), "nowhere")
		if err != nil {
			return
		}
		again, err := Parse(s.Lock(), "")
		if err != nil {
			t.Fatalf("%v in\n%s", err, s.Lock())
		}
		if string(again.Lock()) != string(s.Lock()) {
			t.Errorf("%s\nbecame\n%s", s.Lock(), again.Lock())
		}
	})
}
