package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

//go:embed page.gohtml
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

type pair struct{ Name, Value string }

type profileRow struct {
	Cells []string
	Bar   template.HTML
}

type thresholdRow struct {
	Metric, About, Rule, Got string
	OK                       bool
}

// view is what the page shows.
type view struct {
	Run                              *result.Run
	Kind, Duration, Verdict          string
	Colors                           []int
	Tiles, Privacy, Host             []pair
	Thresholds                       []thresholdRow
	Waterfall                        template.HTML
	Stages                           []stageSum
	SetupCurves, DelayCurves         template.HTML
	MOS, Budget                      template.HTML
	SetupNames, DelayNames, MOSNames []curve
	Lanes                            []lane
	Scale                            template.URL
	Faults                           [][]string
	Profiles                         []profileRow
	Worst                            []callView
}

// HTML writes the page.
func HTML(w io.Writer, r *result.Run) error {
	v := view{
		Run: r, Kind: kind(r), Duration: value(r.Duration.Float(), result.UnitMillis), Verdict: strings.ToUpper(string(r.Verdict)),
		Colors: []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, Budget: budgetFall(r.Budget), Lanes: lanes(r), Scale: scale(), Worst: worst(r),
		Tiles: tiles(r), Privacy: seen(r),
	}
	v.Waterfall, v.Stages = waterfall(r)
	v.SetupNames = curves(r, "setup.total", "setup.press_to_ring", "setup.accept_to_audio")
	v.SetupCurves = percentiles("set-up by percentile", v.SetupNames)
	v.DelayNames = curves(r, "media.mouth_to_ear", "media.one_way")
	v.DelayCurves = percentiles("delay by percentile", v.DelayNames)
	for i, p := range r.Profiles {
		v.MOSNames = append(v.MOSNames, curve{Name: p.Profile, Class: fmt.Sprintf("c%d", 1+i%10), dist: p.MOS})
		v.Profiles = append(v.Profiles, profileRow{[]string{
			p.Profile, fmt.Sprint(p.Directions), fmt.Sprintf("%.2f", p.MOS.P50), fmt.Sprintf("%.2f", p.MOS.P5), fmt.Sprintf("%.2f %%", share(p.Frames.Lost(), p.Frames.Due)),
			fmt.Sprintf("%.2f %%", share(p.Frames.Recovered, p.Frames.Due)), fmt.Sprintf("%.2f %%", share(p.Frames.Concealed, p.Frames.Due)),
		}, budgetBar(p.Budget)})
	}
	if len(v.MOSNames) > 0 {
		v.MOS = cumulative("MOS by profile", 1, 4.5, r.Audio.Ceiling, fmt.Sprintf("ceiling %.2f", r.Audio.Ceiling), v.MOSNames)
	}
	for _, t := range r.Thresholds {
		about, _ := result.About(t.Metric)
		row := thresholdRow{t.Metric, about, t.Rule, value(t.Got, t.Unit), t.OK}
		if !t.Measured {
			row.Got = "not measured"
		}
		v.Thresholds = append(v.Thresholds, row)
	}
	for _, f := range r.Faults {
		v.Faults = append(v.Faults, []string{
			f.Do, value(f.At.Float(), result.UnitMillis), fmt.Sprint(f.Affected), fmt.Sprint(f.Recovered),
			value(f.Took.P50, result.UnitMillis), value(f.Took.P95, result.UnitMillis), value(f.Took.Max, result.UnitMillis),
		})
	}
	h := r.Stamp.Host
	v.Host = []pair{{"system", h.OS + "/" + h.Arch + " " + h.Kernel}, {"processor", fmt.Sprintf("%d × %s", h.CPUs, h.CPU)}, {"memory", bytesOf(float64(h.Memory))}, {"go", h.Go}}
	for _, k := range slices.Sorted(maps.Keys(h.Sysctls)) {
		v.Host = append(v.Host, pair{k, h.Sysctls[k]})
	}
	return page.Execute(w, v)
}

func curves(r *result.Run, names ...string) (all []curve) {
	for i, name := range names {
		m, ok := r.Metrics[name]
		if !ok || m.Count == 0 {
			continue
		}
		c := curve{Name: name, Class: fmt.Sprintf("c%d", 1+i), dist: m.Distribution}
		for _, t := range r.Thresholds {
			if t.Metric == name {
				c.rules = append(c.rules, t)
			}
		}
		all = append(all, c)
	}
	return all
}

func tiles(r *result.Run) (all []pair) {
	for _, x := range []struct{ metric, aggregate, name string }{
		{"setup.success_rate", "", "of the calls as intended"}, {"setup.total", "p95", "set-up p95"}, {"media.mos_fb", "p50", fmt.Sprintf("MOS p50 (ceiling %.2f)", r.Audio.Ceiling)},
		{"media.mos_fb", "p5", "MOS p5"}, {"media.mouth_to_ear", "p95", "mouth-to-ear p95"}, {"e2ee.plaintext_seen", "", "plaintext seen"}, {"validity.score", "", "validity"},
	} {
		m, ok := r.Metrics[x.metric]
		if !ok {
			continue
		}
		got := 0.0
		if m.Value != nil {
			got = *m.Value
		} else if got, ok = m.Aggregate(x.aggregate); !ok {
			continue
		}
		all = append(all, pair{x.name, value(got, m.Unit)})
	}
	return all
}

// seen is what relay and server could see.
func seen(r *result.Run) (all []pair) {
	p := r.Privacy
	if p.Observer == "" {
		return []pair{{"nobody watched", ""}}
	}
	all = []pair{
		{"watched by the", p.Observer}, {"voice packets", thousands(int(p.VoicePackets))}, {"their sizes, bytes", list(p.PacketSizes)},
		{"most sizes in any direction", fmt.Sprint(p.DistinctSizes)}, {"packets with plaintext", fmt.Sprint(p.PlaintextSeen)}, {"packets with an address", fmt.Sprint(p.AddressesSeen)},
		{"sizes of envelopes, bytes", list(p.EnvelopeSizes)}, {"signaling learns, per call", bytesOf(p.ServerBytes) + "  " + strings.Join(p.ServerItems, ", ")}, {"the relay learns, per call", bytesOf(p.RelayBytes) + "  " + strings.Join(p.RelayItems, ", ")},
	}
	for _, x := range []pair{{"bits about speech in a packet's size, at most", "privacy.size_bits"}, {"and in the time between packets", "privacy.interval_bits"}} {
		if m, ok := r.Metrics[x.Value]; ok {
			all = append(all, pair{x.Name, value(m.Max, m.Unit)})
		}
	}
	for _, a := range p.Attacks {
		all = append(all, pair{a.Name, fmt.Sprintf("%d of %d failed closed", a.FailClosed, a.Tries)})
	}
	return all
}
