package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// Text is the summary that a terminal shows after a run.
func Text(w io.Writer, r *result.Run, color bool) error {
	t := &text{run: r, color: color}
	t.head()
	t.distributions()
	t.mos()
	t.budget()
	t.calls()
	t.profiles()
	t.faults()
	t.machines()
	t.privacy()
	t.missed()
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct {
	b     strings.Builder
	run   *result.Run
	color bool
}

// The colours of a terminal.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	faint  = "2"
	bold   = "1"
)

func (t *text) paint(code, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) line(label, format string, args ...any) {
	fmt.Fprintf(&t.b, "%-13s%s\n", label, fmt.Sprintf(format, args...))
}

var verdictColor = map[result.Verdict]string{result.Pass: green, result.Fail: red, result.Security: red, result.Invalid: yellow, result.Interrupted: yellow, result.Unreachable: red}

func (t *text) head() {
	r := t.run
	ok := 0
	for _, x := range r.Thresholds {
		if x.OK {
			ok++
		}
	}
	who := r.Tool
	if r.Target.Version != "" {
		who += " · server " + r.Target.Version
	}
	fmt.Fprintf(&t.b, "VERDICT  %s   %d/%d thresholds   validity %.3f%s   %s · %s · %s · seed %d\n",
		t.paint(bold+";"+verdictColor[r.Verdict], strings.ToUpper(string(r.Verdict))), ok, len(r.Thresholds), r.Generator.Score, clean(r), who, r.Scenario, kind(r), r.Seed)
}

func kind(r *result.Run) string { return string(r.Engine) + "/" + string(r.Endpoint) }

func clean(r *result.Run) string {
	switch {
	case r.Engine == result.Virtual:
		return " (virtual time)"
	case r.Generator.Score >= 0.98:
		return " (generator clean)"
	}
	return ""
}

// shown are the distributions of the table, if they were measured.
var shown = []struct{ label, metric string }{
	{"setup total", "setup.total"}, {"press to ring", "setup.press_to_ring"}, {"accept to ear", "setup.accept_to_audio"},
	{"mouth-to-ear", "media.mouth_to_ear"}, {"longest gap", "media.longest_gap"},
}

func (t *text) distributions() {
	fmt.Fprintf(&t.b, "%-13s%9s%9s%9s%9s%9s%9s     threshold\n", "", "p50", "p90", "p95", "p99", "p99.9", "max")
	row := func(label, metric string) {
		m, ok := t.run.Metrics[metric]
		if !ok {
			return
		}
		fmt.Fprintf(&t.b, "%-13s", label)
		for _, v := range []float64{m.P50, m.P90, m.P95, m.P99, m.P999, m.Max} {
			fmt.Fprintf(&t.b, "%s", right(value(v, m.Unit), 9))
		}
		fmt.Fprintf(&t.b, "     %s\n", t.marks(metric))
	}
	for _, s := range shown {
		row(s.label, s.metric)
	}
	for _, name := range slices.Sorted(maps.Keys(t.run.Metrics)) {
		if after, ok := strings.CutPrefix(name, "recovery.after_"); ok {
			row("after "+strings.ReplaceAll(after, "_", " "), name)
		}
	}
}

func right(s string, width int) string {
	return strings.Repeat(" ", max(1, width-utf8.RuneCountInString(s))) + s
}

// marks shows the thresholds of a metric.
func (t *text) marks(metric string) string {
	var all []string
	for _, x := range t.run.Thresholds {
		if x.Metric == metric {
			all = append(all, strings.ReplaceAll(x.Rule, " ", "")+" "+t.mark(x.OK))
		}
	}
	return strings.Join(all, " ")
}

func (t *text) mark(ok bool) string {
	if ok {
		return t.paint(green, "✔")
	}
	return t.paint(red, "✘")
}

func (t *text) mos() {
	m, ok := t.run.Metrics["media.mos_fb"]
	if !ok {
		return
	}
	fmt.Fprintf(&t.b, "MOS_CQEF (%s ceiling %.2f, %s buffer)  p50 %.2f  p5 %.2f  p1 %.2f  min %.2f   %s\n", coding(t.run.Audio), t.run.Audio.Ceiling, t.run.JitterBuffer, m.P50, m.P5, m.P1, m.Min, t.marks("media.mos_fb"))
	if s, ok := t.run.Metrics["media.stoi"]; ok {
		t.line("speech", "STOI p50 %.3f  p5 %.3f  min %.3f   %s", s.P50, s.P5, s.Min, t.marks("media.stoi"))
	}
}

// coding is like Opus 32k CBR.
func coding(a result.Audio) string {
	rate := "VBR"
	if a.Constant {
		rate = "CBR"
	}
	name := a.Codec
	if name == "opus" {
		name = "Opus"
	}
	return fmt.Sprintf("%s %gk %s", name, float64(a.Bitrate)/1000, rate)
}

func (t *text) budget() {
	b := t.run.Budget
	if b.Sum() == 0 {
		return
	}
	t.line("R lost, mean", "codec %.1f │ concealment %.1f (network %.1f, late %.1f, relay %.1f) │ delay %.1f │ generator %.1f",
		b.Codec, b.Network+b.Late+b.Relay, b.Network, b.Late, b.Relay, b.Delay, b.Generator)
	f := t.run.Frames
	if f.Due > 0 {
		t.line("frames", "%s due, lost %.2f %% (network %.2f, late %.2f, relay %.2f, generator %.2f), recovered %.2f → concealed %.2f %%",
			thousands(f.Due), share(f.Lost(), f.Due), share(f.Network, f.Due), share(f.Late, f.Due), share(f.Relay, f.Due), share(f.Generator, f.Due), share(f.Recovered, f.Due), share(f.Concealed, f.Due))
	}
}

func share(n, of int) float64 { return 100 * float64(n) / float64(max(1, of)) }

func (t *text) calls() {
	c := t.run.Counts
	var intended, failures []string
	for _, o := range slices.Sorted(maps.Keys(c.Outcomes)) {
		if o != result.OutcomeAnswered && o != result.OutcomeFailed {
			intended = append(intended, fmt.Sprintf("%s %d", strings.ReplaceAll(string(o), "_", " "), c.Outcomes[o]))
		}
	}
	for _, f := range byCount(c.Failures) {
		failures = append(failures, fmt.Sprintf("%d×%s", c.Failures[f], f))
	}
	s := fmt.Sprintf("%s placed, %s answered", thousands(c.Placed), thousands(c.Answered))
	if len(intended) > 0 {
		s += ", " + strings.Join(intended, ", ")
	}
	s += fmt.Sprintf(", failed %d", c.Failed)
	if len(failures) > 0 {
		s += ": " + strings.Join(failures, " ")
	}
	if len(c.FailedIDs) > 0 {
		s += "  → callsim replay " + c.FailedIDs[0]
	}
	t.line("calls", "%s   %s", s, t.marks("setup.success_rate"))
}

func byCount[K cmp.Ordered](m map[K]int) []K {
	keys := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(keys, func(a, b K) int { return cmp.Compare(m[b], m[a]) })
	return keys
}

func (t *text) profiles() {
	if len(t.run.Profiles) < 2 {
		return
	}
	var all []string
	for _, p := range t.run.Profiles {
		all = append(all, fmt.Sprintf("%s %.2f/%.1f%%", p.Profile, p.MOS.P50, share(p.Frames.Concealed, p.Frames.Due)))
	}
	const perLine = 5
	for i := 0; i < len(all); i += perLine {
		label, tail := "", ""
		if i == 0 {
			label = "by profile"
		}
		if i+perLine >= len(all) {
			tail = "  (MOS p50 / concealed)"
		}
		t.line(label, "%s%s", strings.Join(all[i:min(len(all), i+perLine)], "   "), tail)
	}
}

func (t *text) faults() {
	for _, f := range t.run.Faults {
		name := f.Do
		if f.Index > 0 {
			name += fmt.Sprintf("[%d]", f.Index)
		}
		s := fmt.Sprintf("%s at %s, %d calls in it, %d of them recovered", name, value(f.At.Float(), result.UnitMillis), f.Affected, f.Recovered)
		if f.Took.Count > 0 {
			s += fmt.Sprintf(", p95 %s", value(f.Took.P95, result.UnitMillis))
		}
		t.line("fault", "%s", s)
	}
}

func (t *text) machines() {
	var all []string
	for _, p := range t.run.Server {
		s := p.Name
		if p.CPUSeconds > 0 && p.Packets > 0 {
			s += fmt.Sprintf(" %.1f µs/pkt", 1e6*p.CPUSeconds/float64(p.Packets))
		} else if p.CPUSeconds > 0 {
			s += fmt.Sprintf(" %.1f ms cpu/call", 1000*p.CPUSeconds/float64(max(1, t.run.Counts.Placed)))
		}
		if p.PeakRSS > 0 {
			s += ", " + bytesOf(float64(p.PeakRSS))
		}
		if p.Packets > 0 {
			s += fmt.Sprintf(", %d drops", p.Drops)
		}
		all = append(all, s)
	}
	if len(all) > 0 {
		t.line("server", "%s", strings.Join(all, " · "))
	}
	g := t.run.Generator
	if t.run.Engine == result.Real {
		t.line("generator", "pacer error p99 %s, rx drops %d, wake-ups p99 %s late, GC p99 %s, cpu %.0f %%",
			value(g.Pacer.P99, result.UnitMillis), g.RxDrops, value(g.Scheduler.P99, result.UnitMillis), value(g.GCPause.P99, result.UnitMillis), 100*g.CPUShare)
	}
}

func (t *text) privacy() {
	p := t.run.Privacy
	if p.Observer == "" {
		return
	}
	t.line("wire", "seen by the %s: %s voice packets of %s bytes, %d with plaintext, %d with an address", p.Observer, thousands(int(p.VoicePackets)), list(p.PacketSizes), p.PlaintextSeen, p.AddressesSeen)
	var tells []string
	for _, x := range []struct{ label, metric string }{{"size", "privacy.size_bits"}, {"interval", "privacy.interval_bits"}} {
		if m, ok := t.run.Metrics[x.metric]; ok {
			tells = append(tells, fmt.Sprintf("%s %.4f", x.label, m.Max))
		}
	}
	if len(tells) > 0 {
		t.line("speech leak", "%s bits/packet at most", strings.Join(tells, ", "))
	}
	if p.Envelopes > 0 {
		t.line("envelopes", "%s of %s bytes", thousands(int(p.Envelopes)), list(p.EnvelopeSizes))
	}
	for _, a := range p.Attacks {
		t.line("attack", "%s: %d of %d failed closed, the slowest in %s", a.Name, a.FailClosed, a.Tries, value(a.Took.Float(), result.UnitMillis))
	}
}

func list(sizes []int) string {
	if len(sizes) == 0 {
		return "no"
	}
	var s []string
	for i, n := range sizes {
		if i == 6 {
			s = append(s, "…")
			break
		}
		s = append(s, fmt.Sprint(n))
	}
	return strings.Join(s, ", ")
}

func (t *text) missed() {
	for _, x := range t.run.Thresholds {
		switch {
		case !x.OK && !x.Measured:
			t.line(t.paint(red, "missed"), "%s was not measured, wanted %s", x.Metric, x.Rule)
		case !x.OK:
			t.line(t.paint(red, "missed"), "%s is %s, wanted %s", x.Metric, value(x.Got, x.Unit), x.Rule)
		}
	}
	if t.run.Generator.Invalid != "" {
		t.line(t.paint(yellow, "invalid"), "%s", t.run.Generator.Invalid)
	}
}

// value writes a figure with its unit, to three digits.
func value(v float64, u result.Unit) string {
	if math.IsNaN(v) {
		return "–"
	}
	switch u {
	case result.UnitMillis:
		switch {
		case v == 0:
			return "0ms"
		case v < 1:
			return fmt.Sprintf("%.2fms", v)
		case v < 10:
			return fmt.Sprintf("%.1fms", v)
		case v < 1000:
			return fmt.Sprintf("%.0fms", v)
		case v < 10_000:
			return fmt.Sprintf("%.2fs", v/1000)
		case v < 100_000:
			return fmt.Sprintf("%.1fs", v/1000)
		case v < 3_600_000:
			return fmt.Sprintf("%.1fmin", v/60_000)
		}
		return "≥1h"
	case result.UnitRatio:
		return fmt.Sprintf("%.4g%%", 100*v)
	case result.UnitBytes:
		return bytesOf(v)
	case result.UnitMOS:
		return fmt.Sprintf("%.2f", v)
	case result.UnitR:
		return fmt.Sprintf("%.1f", v)
	case result.UnitMicros:
		return fmt.Sprintf("%.3gµs", v)
	case result.UnitSTOI:
		return fmt.Sprintf("%.3f", v)
	case result.UnitBits:
		return fmt.Sprintf("%.4g bit", v)
	}
	return fmt.Sprintf("%.4g", v)
}

func bytesOf(v float64) string {
	for _, u := range []string{"B", "KiB", "MiB"} {
		if v < 1024 {
			return fmt.Sprintf("%.3g %s", v, u)
		}
		v /= 1024
	}
	return fmt.Sprintf("%.3g GiB", v)
}

// thousands puts commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
