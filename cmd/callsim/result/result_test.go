package result

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ms(n float64) Millis { return Millis(n * float64(time.Millisecond)) }

// call is one that went as it should.
func call(number int, at float64) Call {
	c := Call{
		Number: number, Mix: "normal", Seed: uint64(number), Profiles: Sides{"wifi", "lte"}, NATs: Sides{"none", "none"},
		Intended: OutcomeAnswered, Outcome: OutcomeAnswered, Talk: ms(2000), Clipped: ms(12),
	}
	for i, p := range Phases {
		c.Mark(p, ms(at+10*float64(i)))
	}
	c.Phases[Ended] = ms(at + 2200)
	for _, from := range []Side{Caller, Callee} {
		c.Directions = append(c.Directions, Direction{
			From: from, Frames: Frames{Due: 100, Played: 97, Network: 2, Late: 1, Recovered: 1, Concealed: 2}, Ppl: 2, BurstR: 1,
			OneWay: Of(UnitMillis, 20, 21, 22), MouthToEar: Of(UnitMillis, 90, 95, 100), R: 110, MOS: 3.9,
			Budget: Budget{Codec: 21, Network: 10, Late: 5, Delay: 2}, Wire: Wire{Sizes: map[int]uint64{148: 100}, Entropy: 7.99},
			Seconds: &PerSecond{First: 1, Due: []int{50, 50}, Network: []int{2, 0}, Late: []int{0, 1}, Relay: []int{0, 0}, Generator: []int{0, 0}, Recovered: []int{1, 0}, R: []float64{100, 120}},
		})
	}
	return c
}

// run is good.
func run(n int) *Run {
	r := &Run{
		Tool: "callsim", Scenario: "test", Seed: 7, Engine: Virtual, Endpoint: Full, JitterBuffer: "phone", Duration: ms(5000),
		Privacy: Privacy{Observer: "relay", DistinctSizes: 1, PacketSizes: []int{148}, EnvelopeSizes: []int{4096}, Envelopes: 9},
	}
	for i := range n {
		r.Calls = append(r.Calls, call(n-i, float64(100*(n-i))))
	}
	return r
}

func rules(t *testing.T, metric, text string) []Rule {
	t.Helper()
	all, err := ParseRules(metric, text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestARunIsTheSameAfterReading(t *testing.T) {
	r := run(20)
	r.Faults = []Fault{{At: ms(1000), Do: "relay.kill"}}
	r.Calls[3].Recoveries = []Recovery{{After: "relay.kill", At: ms(1000), Recovered: true, Took: ms(800)}}
	r.Events = []Event{{At: ms(5), What: "b"}, {At: ms(1), What: "a", Call: "c-0001"}}
	r.Finish(rules(t, "setup.total", "p95 < 1s, p99 < 2s"))
	dir := t.TempDir()
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
	if r.Verdict != Pass || r.Exit != 0 || r.Because() != "" || len(r.Thresholds) != 2 {
		t.Errorf("%s %d %+v", r.Verdict, r.Exit, r.Thresholds)
	}
	if f := r.Faults[0]; f.Affected != 1 || f.Recovered != 1 || f.Took.P50 != 800 {
		t.Errorf("%+v", f)
	}
}

func TestTheOrderOfCallsIsNoPartOfTheResult(t *testing.T) {
	write := func(r *Run) string {
		var b bytes.Buffer
		r.Finish(rules(t, "media.mos_fb", "p5 >= 3.6"))
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	a, b := run(30), run(30)
	slices.Reverse(b.Calls)
	if write(a) != write(b) {
		t.Error("two orders of the same calls give two results")
	}
	var tree map[string]any
	if err := json.Unmarshal([]byte(write(a)), &tree); err != nil {
		t.Fatal(err)
	}
}

// Coordinated omission: a simulator that begins a call late must not hide how long the person waited.
func TestWaitingCountsFromWhenTheCallWasScheduled(t *testing.T) {
	r := run(10)
	r.Calls[0].Phases[Scheduled] -= ms(700)
	r.Finish(nil)
	if got := r.Metrics["setup.press_to_ring"].Max; math.Abs(got-760) > 1 {
		t.Errorf("the longest is %v", got)
	}
	if got := r.Metrics["setup.lag"].Max; math.Abs(got-710) > 1 {
		t.Errorf("lag %v", got)
	}
	// Until it rings, 60 ms, and from the press of accept until heard, another 60: not how long the human let it ring.
	if got := r.Metrics["setup.total"].P50; math.Abs(got-120) > 0.2 {
		t.Errorf("set-up %v", got)
	}
}

func TestEveryVerdict(t *testing.T) {
	for about, test := range map[string]struct {
		spoil  func(*Run)
		metric string
		rule   string
		want   Verdict
		exit   int
	}{
		"good":                         {func(*Run) {}, "setup.total", "p95 < 1s", Pass, 0},
		"slow":                         {func(*Run) {}, "setup.total", "p95 < 100ms", Fail, 1},
		"not measured":                 {func(*Run) {}, "media.stoi", "p5 > 0.9", Fail, 1},
		"no fault that was judged":     {func(*Run) {}, "recovery.after_relay_kill", "p95 < 3s", Fail, 1},
		"late simulator":               {func(r *Run) { r.Engine = Real; r.Generator.Pacer = Of(UnitMillis, 15) }, "setup.total", "p95 < 1s", Invalid, 3},
		"late and slow":                {func(r *Run) { r.Engine = Real; r.Generator.RxDrops = 50 }, "setup.total", "p95 < 1ms", Invalid, 3},
		"as valid as the person wants": {func(r *Run) { r.Engine = Real; r.Generator.Pacer = Of(UnitMillis, 2) }, "validity.score", ">= 98%", Invalid, 3},
		"valid enough otherwise":       {func(r *Run) { r.Engine = Real; r.Generator.Pacer = Of(UnitMillis, 2) }, "setup.total", "p95 < 1s", Pass, 0},
		"no server":                    {func(r *Run) { r.Unreachable = "connection refused" }, "setup.total", "p95 < 1s", Unreachable, 4},
		"leak":                         {func(r *Run) { r.Privacy.PlaintextSeen = 1 }, "e2ee.plaintext_seen", "== 0", Security, 5},
		"leak on a late simulator":     {func(r *Run) { r.Privacy.DistinctSizes = 2; r.Generator.Invalid = "x" }, "privacy.distinct_packet_sizes", "== 1", Security, 5},
		"an attack that got through":   {func(r *Run) { r.Privacy.Attacks = []Attack{{Name: "swap", Tries: 3, FailClosed: 2}} }, "e2ee.attacks_open", "== 0", Security, 5},
		"nobody watched":               {func(r *Run) { r.Privacy.Observer = "" }, "e2ee.plaintext_seen", "== 0", Fail, 1},
		"interrupted":                  {func(r *Run) { r.Interrupted = true }, "setup.total", "p95 < 1s", Interrupted, 130},
	} {
		r := run(5)
		test.spoil(r)
		r.Finish(rules(t, test.metric, test.rule))
		if r.Verdict != test.want || r.Exit != test.exit || (r.Because() == "") != (test.want == Pass) {
			t.Errorf("%s: %s %d %q, not %s %d", about, r.Verdict, r.Exit, r.Because(), test.want, test.exit)
		}
	}
	if Verdict("").Exit() != ExitFail {
		t.Error("a run that nobody judged passes")
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		metric, text, aggregate, op string
		limit                       float64
	}{
		{"setup.total", "p95 < 1s", "p95", "<", 1000},
		{"setup.total", "p99.9<=2.5ms", "p99.9", "<=", 2.5},
		{"setup.total", "avg < 100", "avg", "<", 100},
		{"setup.total", "count == 20", "count", "==", 20},
		{"setup.success_rate", ">= 99.5%", "", ">=", 0.995},
		{"media.mos_fb", "med >= 4", "p50", ">=", 4},
		{"e2ee.plaintext_seen", "= 0", "", "==", 0},
		{"recovery.after_relay_kill", "p95 < 3s", "p95", "<", 3000},
		{"relay.cpu_per_packet", "< 0.01ms", "", "<", 10},
	} {
		got := rules(t, c.metric, c.text)[0]
		if got.Aggregate != c.aggregate || got.Op != c.op || math.Abs(got.Limit-c.limit) > 1e-9 {
			t.Errorf("%s: %s is %+v", c.metric, c.text, got)
		}
	}
	for metric, text := range map[string]string{
		"setup.total": "< 1s", "setup.success_rate": "p95 > 1", "setup.totle": "p95 < 1s", "media.mos_fb": "p5 >= 3ms", "media.r_fb": "p5",
		"e2ee.plaintext_seen": "", "media.stoi": "p5 >= 95%", "setup.ring": "p95 < 1s p99 < 2s", "setup.ice": "count == 5ms",
	} {
		if got, err := ParseRules(metric, text); err == nil {
			t.Errorf("%s: %s is read as %+v", metric, text, got)
		} else if strings.Contains(metric, "totle") && !strings.Contains(err.Error(), "setup.total") {
			t.Errorf("no hint: %v", err)
		}
	}
}

func TestDistributionsMergeAndKeepThreeDigits(t *testing.T) {
	a, b, all := NewRecorder(UnitMillis), NewRecorder(UnitMillis), NewRecorder(UnitMillis)
	for i := range 9770 {
		v := math.Exp(float64(i%977) / 140)
		all.Record(v)
		if i%2 == 0 {
			a.Record(v)
		} else {
			b.Record(v)
		}
	}
	if err := a.Merge(b.Distribution()); err != nil {
		t.Fatal(err)
	}
	got, want := a.Distribution(), all.Distribution()
	if math.Abs(got.Mean-want.Mean) > 1e-3 {
		t.Errorf("mean %v, not %v", got.Mean, want.Mean)
	}
	got.Mean = want.Mean
	if got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
	if exact := math.Exp(976 * 0.5 / 140); math.Abs(want.P50/exact-1) > 0.003 {
		t.Errorf("p50 %v, not %v", want.P50, exact)
	}
	var n int64
	bars, err := got.Bars()
	for _, x := range bars {
		n += x.Count
	}
	if err != nil || n != 9770 {
		t.Errorf("%d values in bars, %v", n, err)
	}
	if math.Abs(got.Quantile(75)/math.Exp(976*0.75/140)-1) > 0.005 {
		t.Errorf("p75 %v", got.Quantile(75))
	}
	if err := a.Merge(Of(UnitMOS, 4)); err != nil && a.Count() != 9770 {
		t.Error(err)
	}
	if (Distribution{}) != Of(UnitMOS) || !math.IsNaN(Of(UnitMOS).Quantile(50)) {
		t.Error("nothing is not nothing")
	}
	if d := Of(UnitR, -20, math.NaN(), 10); d.Count != 2 || d.Min != -20 || d.Mean != -5 {
		t.Errorf("%+v", d)
	}
}

func TestSeconds(t *testing.T) {
	r := run(3)
	r.Finish(nil)
	s := r.Series
	if len(s) != 6 || s[0].Scheduled != 3 || s[0].Answered != 3 || s[0].Active != 3 || s[2].Ended != 3 || s[2].Active != 0 {
		t.Errorf("%+v", s)
	}
	if s[1].Due != 300 || s[1].Lost != 12 || s[1].Concealed != 6 || s[1].R != 100 || s[2].R != 120 {
		t.Errorf("%+v", s[1])
	}
}

func TestSamplesAreTheWorseDirectionOfACall(t *testing.T) {
	r := run(3)
	r.Calls[1].Directions[1].MOS = 2
	r.Finish(nil)
	if got := Sample("media.mos_fb", r.Calls); !slices.Equal(got, []float64{3.9, 2, 3.9}) {
		t.Error(got)
	}
	if got := Sample("media.mouth_to_ear", r.Calls); len(got) != 3 || got[0] != 95 {
		t.Error(got)
	}
	if got := Sample("e2ee.plaintext_seen", r.Calls); got != nil {
		t.Error(got)
	}
}

func TestOneFailureIsFoundByItsNumber(t *testing.T) {
	r := run(4)
	r.Calls[0].Outcome, r.Calls[0].Failure = OutcomeFailed, FailICE
	r.Calls[1].Outcome = OutcomeBusy
	r.Finish(nil)
	c := r.Counts
	if c.Failed != 2 || c.Failures[FailICE] != 1 || c.Failures[FailWrongOutcome] != 1 || !slices.Equal(c.FailedIDs, []string{"c-0003", "c-0004"}) {
		t.Errorf("%+v", c)
	}
	if len(r.Profiles) != 1 || r.Profiles[0].Profile != "lte+wifi" || r.Profiles[0].Directions != 8 {
		t.Errorf("%+v", r.Profiles)
	}
}

func TestEveryMetricIsExplained(t *testing.T) {
	for _, name := range append(Metrics(), RecoveryMetric("relay.kill")) {
		if about, ok := About(name); !ok || about == "" {
			t.Errorf("%s is not explained", name)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add("setup.total", "p95 < 1s, p99 < 2s")
	f.Add("setup.success_rate", ">= 99.5%")
	f.Fuzz(func(t *testing.T, metric, text string) {
		all, err := ParseRules(metric, text)
		if err == nil && len(all) == 0 {
			t.Error("no rule and no error")
		}
		for _, r := range all {
			r.check(nil)
		}
	})
}
