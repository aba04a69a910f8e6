package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// report is a run, for people and for machines.
type report struct {
	Machine any       `json:"machine"`
	Rounds  int       `json:"rounds"`
	Results []*result `json:"results"`
	Figures []figure  `json:"figures"`
}

// figure is something to reach.
type figure struct {
	Name    string  `json:"name"`
	Most    bool    `json:"at_most"` // else at least
	Target  float64 `json:"target"`
	Value   samples `json:"value"` // one
	Reached *bool   `json:"reached"`
}

func (f figure) verdict() string {
	switch {
	case f.Reached == nil:
		return "not measured"
	case *f.Reached:
		return "reached"
	}
	return "MISSED"
}

func (r *report) of(relay string) *result {
	i := slices.IndexFunc(r.Results, func(x *result) bool { return x.Relay == relay && x.Why == "" })
	if i < 0 {
		return &result{}
	}
	return r.Results[i]
}

func (r *result) voice(calls int) *voiceStage {
	if v := r.Voice[calls]; v != nil {
		return v
	}
	return &voiceStage{}
}

func (r *result) memory(allocations int) memoryStage {
	for _, m := range r.Memory {
		if m.Allocations == allocations && m.Why == "" {
			return m
		}
	}
	return memoryStage{PerAllocation: math.NaN()}
}

// judge fills in the figures.
func (r *report) judge() {
	ours, raw, coturn := r.of("ours"), r.of("raw"), r.of("coturn")
	scaling := samples(nil)
	if ours.Cores != nil {
		scaling = ours.Cores.Scaling
	}
	total := math.NaN()
	if m := ours.memory(100_000); m.TotalBytes != 0 {
		total = float64(m.TotalBytes) / (1 << 20)
	}
	for _, f := range []figure{
		{Name: "CPU per packet when full, ours / raw", Most: true, Target: 1.1, Value: ours.Full.CPUMicros.over(raw.Full.CPUMicros)},
		{Name: "CPU per packet when full, ours / coturn", Most: true, Target: 0.28, Value: ours.Full.CPUMicros.over(coturn.Full.CPUMicros)},
		{Name: "loss at 2,000 calls, %", Most: true, Target: 0.01, Value: samples{100 * ours.voice(2000).Loss.median()}},
		{Name: "CPU per packet at 200 calls, ours / coturn", Most: true, Target: 0.5, Value: ours.voice(200).CPUMicros.over(coturn.voice(200).CPUMicros)},
		{Name: "p99 at 200 calls, ours / coturn", Most: true, Target: 1, Value: ours.voice(200).P99.over(coturn.voice(200).P99)},
		{Name: "RSS per allocation at 10,000, bytes", Most: true, Target: 1024, Value: samples{ours.memory(10_000).PerAllocation}},
		{Name: "RSS with 100,000 allocations, MiB", Most: true, Target: 150, Value: samples{total}},
		{Name: "allocations per second of a core", Target: 40_000, Value: ours.Setup.PerCore},
		{Name: "two cores / one core", Target: 1.8, Value: scaling},
	} {
		value := f.Value.median()
		f.Value = samples{value}
		if !math.IsNaN(value) {
			reached := value >= f.Target
			if f.Most {
				reached = value <= f.Target
			}
			f.Reached = &reached
		}
		r.Figures = append(r.Figures, f)
	}
}

func (r *report) missed() bool {
	return slices.ContainsFunc(r.Figures, func(f figure) bool { return f.Reached != nil && !*f.Reached })
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// columns writes rows whose cells are separated by tabs, numbers to the right.
func columns(w io.Writer, rows func(row func(cells ...any))) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows(func(cells ...any) {
		for _, c := range cells {
			fmt.Fprintf(t, "%v\t", c)
		}
		fmt.Fprintln(t)
	})
	t.Flush()
	fmt.Fprintln(w)
}

// number prints a value with some decimals; "-" for what is not known.
func number(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.*f", decimals, v)
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return number(100*v, 0) + " %"
}

// lossText tells nothing from very little.
func lossText(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v == 0:
		return "0"
	case v < 0.0001:
		return fmt.Sprintf("%.4f %%", 100*v)
	}
	return fmt.Sprintf("%.2f %%", 100*v)
}
