package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/cmd/internal/command/commandtest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestPercentilesAreNearestRanks(t *testing.T) {
	if got := percentiles(nil); got != (Percentiles{}) {
		t.Errorf("of nothing: %+v", got)
	}
	if got, want := percentiles([]float64{7}), (Percentiles{1, 7, 7, 7, 7, 7, 7}); got != want {
		t.Errorf("of one value: %+v", got)
	}
	var values []float64
	for i := range 100 {
		values = append(values, float64((i*37)%100+1)) // 1 to 100, shuffled
	}
	before := slices.Clone(values)
	if got, want := percentiles(values), (Percentiles{100, 1, 5, 50, 95, 99, 100}); got != want {
		t.Errorf("of 1 to 100: %+v", got)
	}
	if !slices.Equal(values, before) {
		t.Error("the values were sorted in place")
	}
	if got, want := percentiles(values[:20]), percentiles(slices.Sorted(slices.Values(values[:20]))); got != want || got.P95 == got.Max {
		t.Errorf("of twenty: %+v", got)
	}
}

// good is a report that passes.
func good() *Report {
	all := func(n int, v float64) Percentiles { return Percentiles{n, v, v, v, v, v, v} }
	return &Report{
		Version: reportVersion, Tool: "callsim devel", Started: "2026-01-02T15:04:05Z",
		Scenario:  Scenario{Calls: 20, Seconds: 10, Server: "embedded", Encoder: "shared"},
		Calls:     CallCounts{Placed: 20, Answered: 20, Ended: map[string]int{"hung-up": 20}},
		Setup:     Setup{all(20, 300), all(20, 400)},
		Media:     Media{Sent: 20000, Received: 20000},
		Audio:     AudioQuality{all(40, 0.95)},
		Privacy:   Privacy{Observer: "relay", VoicePackets: 40000, DistinctPacketSizes: 1, PacketSizes: []int{148}, EnvelopeSizes: []int{4096}, Envelopes: 100},
		Generator: Generator{WallSeconds: 12, CPUSeconds: 5},
	}
}

func TestEveryThresholdCanFail(t *testing.T) {
	r := good()
	r.judge()
	if r.Verdict != verdictPass || r.err() != nil {
		t.Fatalf("figures at their limits: %s, %v, %+v", r.Verdict, r.err(), r.Thresholds)
	}
	failed := make(map[string]bool)
	for about, test := range map[string]struct {
		key   string
		spoil func(*Report)
	}{
		"one call was not answered":       {"calls.answered", func(r *Report) { r.Calls.Answered-- }},
		"one call never rang":             {"setup.press_to_ring_ms.count", func(r *Report) { r.Setup.PressToRing.Count-- }},
		"ringing takes long":              {"setup.press_to_ring_ms.p95", func(r *Report) { r.Setup.PressToRing.P95 = 300.1 }},
		"one call was never audible":      {"setup.accept_to_audio_ms.count", func(r *Report) { r.Setup.AcceptToAudio.Count-- }},
		"speech takes long":               {"setup.accept_to_audio_ms.p95", func(r *Report) { r.Setup.AcceptToAudio.P95 = 400.1 }},
		"one frame of a thousand is lost": {"media.lost_ratio", func(r *Report) { r.Media.LostRatio = 0.001 }},
		"one side was not compared":       {"audio.stoi.count", func(r *Report) { r.Audio.STOI.Count-- }},
		"speech is hard to understand":    {"audio.stoi.p5", func(r *Report) { r.Audio.STOI.P5 = 0.949 }},
		"two packet sizes":                {"privacy.distinct_packet_sizes", func(r *Report) { r.Privacy.DistinctPacketSizes = 2 }},
		"no voice packet was seen":        {"privacy.distinct_packet_sizes", func(r *Report) { r.Privacy.DistinctPacketSizes = 0 }},
		"plaintext on the wire":           {"privacy.plaintext_seen", func(r *Report) { r.Privacy.PlaintextSeen = 1 }},
		"an envelope of another size":     {"privacy.envelope_sizes", func(r *Report) { r.Privacy.EnvelopeSizes = []int{4095} }},
		"two sizes of envelopes":          {"privacy.envelope_sizes", func(r *Report) { r.Privacy.EnvelopeSizes = []int{4096, 4097} }},
		"no envelope was seen":            {"privacy.envelope_sizes", func(r *Report) { r.Privacy.EnvelopeSizes = nil }},
	} {
		r := good()
		test.spoil(r)
		r.judge()
		var missed []string
		for _, x := range r.Thresholds {
			if !x.OK {
				missed = append(missed, x.Key)
			}
		}
		if r.Verdict != verdictFail || !slices.Equal(missed, []string{test.key}) {
			t.Errorf("%s: %s, missed %v, want %s", about, r.Verdict, missed, test.key)
		}
		wantExit(t, about, r, exitThreshold)
		failed[test.key] = true
	}
	for _, x := range r.Thresholds {
		if !failed[x.Key] {
			t.Errorf("nothing here makes %s fail", x.Key)
		}
	}
}

func wantExit(t *testing.T, about string, r *Report, code int) {
	t.Helper()
	var stderr bytes.Buffer
	if got := command.Report(&stderr, "callsim", r.err()); got != code {
		t.Errorf("%s: exit code %d, not %d", about, got, code)
	}
	if err := commandtest.Failure("callsim", stderr.String()); err != nil {
		t.Errorf("%s: %v", about, err)
	}
}

func TestALateSimulatorSaysNothingAboutSpeedButALeakIsALeak(t *testing.T) {
	r := good()
	r.Setup.PressToRing.P95 = 2000
	r.Generator.InvalidBecause = "this machine woke up 30 ms late"
	r.judge()
	if r.Verdict != verdictInvalid {
		t.Errorf("late and slow: %s", r.Verdict)
	}
	wantExit(t, "late and slow", r, exitInvalid)
	r.Privacy.PlaintextSeen = 1
	r.judge()
	if r.Verdict != verdictFail {
		t.Errorf("late and leaking: %s", r.Verdict)
	}
	wantExit(t, "late and leaking", r, exitThreshold)
}

func TestAGivenServerIsNotJudgedByEnvelopesNobodySaw(t *testing.T) {
	r := good()
	r.Scenario.Server, r.Privacy.Observer = "given", "phone"
	r.Privacy.EnvelopeSizes, r.Privacy.Envelopes = []int{}, 0
	r.judge()
	if r.Verdict != verdictPass {
		t.Errorf("%s: %+v", r.Verdict, r.Thresholds)
	}
}

func TestTextSaysWhatWasMissed(t *testing.T) {
	r := good()
	r.Setup.PressToRing.P95, r.Privacy.PlaintextSeen = 301, 2
	r.judge()
	var b bytes.Buffer
	if err := r.writeText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"20 placed, 20 answered", "missed    setup.press_to_ring_ms.p95 is 301, wanted <= 300", "missed    privacy.plaintext_seen is 2, wanted = 0", "verdict   fail"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// keys of the JSON, as paths; those of the list of thresholds once, and those of results that vary not at all.
func keys(t *testing.T) (all []string) {
	t.Helper()
	r := good()
	r.Generator.InvalidBecause = "shown"
	r.judge()
	var b bytes.Buffer
	if err := r.writeJSON(&b); err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(b.Bytes(), &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		if list, ok := v.([]any); ok && len(list) > 0 {
			if _, ok := list[0].(map[string]any); ok {
				walk(prefix+"[]", list[0])
				return
			}
		}
		m, ok := v.(map[string]any)
		if !ok || prefix == "calls.ended" {
			all = append(all, prefix)
			return
		}
		for k, v := range m {
			walk(strings.TrimPrefix(prefix+"."+k, "."), v)
		}
	}
	walk("", tree)
	slices.Sort(all)
	return all
}

// Scripts depend on the names of keys: taking one away needs another version.
func TestKeysOfTheJSONStay(t *testing.T) {
	got := strings.Join(keys(t), "\n") + "\n"
	golden := filepath.Join("testdata", "keys.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the keys are\n%s\nwant\n%s\nif that is meant, run with -update and think of reportVersion", got, want)
	}
	for _, key := range []string{
		"version", "calls.answered", "setup.press_to_ring_ms.p95", "setup.accept_to_audio_ms.p95", "media.lost_ratio", "audio.stoi.p5",
		"privacy.distinct_packet_sizes", "privacy.plaintext_seen", "privacy.envelope_sizes",
	} {
		if !strings.Contains("\n"+got, "\n"+key+"\n") {
			t.Errorf("%s is promised and missing", key)
		}
	}
}

// docs is the page that explains the JSON.
var docs = filepath.Join("..", "..", "docs", "callsim.md")

func TestEveryKeyIsExplained(t *testing.T) {
	page, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys(t) {
		parent, name := "", key
		if i := strings.LastIndex(key, "."); i >= 0 {
			parent, name = key[:i], key[i+1:]
		}
		if percentile(parent, name) {
			key = parent // the seven figures of a measure are explained once
		}
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("%s is not explained in docs/callsim.md", key)
		}
	}
	r := good()
	r.judge()
	for _, x := range r.Thresholds {
		row := "| `" + x.Key + "` | "
		if !strings.Contains(string(page), row) {
			t.Errorf("the threshold of %s is not in docs/callsim.md", x.Key)
		}
	}
	for _, name := range []string{"count", "min", "p5", "p50", "p95", "p99", "max", "callsim quick", "callsim score", "--own-encoder", "--min"} {
		if !strings.Contains(string(page), "`"+name) && !strings.Contains(string(page), name) {
			t.Errorf("%s is not explained in docs/callsim.md", name)
		}
	}
}

func percentile(parent, name string) bool {
	return slices.Contains([]string{"setup.press_to_ring_ms", "setup.accept_to_audio_ms", "audio.stoi"}, parent) &&
		slices.Contains([]string{"count", "min", "p5", "p50", "p95", "p99", "max"}, name)
}

func TestTheVerdictOfUnknownReportsIsNoPass(t *testing.T) {
	if err := (&Report{}).err(); err == nil {
		t.Error("a report that nobody judged passes")
	} else if e, ok := errors.AsType[*command.Error](err); !ok || e.Code != exitThreshold {
		t.Errorf("a report that nobody judged: %v", err)
	}
}
