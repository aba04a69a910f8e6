package result

import (
	"fmt"
	"math"
)

// Generator is the simulator's own honesty: one that is late measures itself. In virtual time nothing can be late, and all of
// it is 0 but the score.
type Generator struct {
	LateFrames  uint64       `json:"late_frames"` // sent more than a frame after their time
	LateRatio   float64      `json:"late_ratio"`
	Pacer       Distribution `json:"pacer_error_ms"`    // how much later than planned packets left
	ArrivalLag  Distribution `json:"arrival_lag_ms"`    // how much later than scheduled calls began
	Scheduler   Distribution `json:"scheduler_late_ms"` // how much too long a sleep took
	GCPause     Distribution `json:"gc_pause_ms"`
	RxDrops     uint64       `json:"rx_drops"` // by this host's sockets, for want of room
	ClockSteps  int          `json:"clock_steps"`
	PortsFailed int          `json:"ports_failed"`            // sockets that could not be had
	PacerMost   float64      `json:"pacer_most_ms,omitempty"` // an engine's own limit of Pacer's 99th percentile; 0: the mark decides
	CPUShare    float64      `json:"cpu_share"`               // of all processors of the machine, 0 to 1
	PeakRSS     uint64       `json:"peak_rss_bytes"`
	// Score is 1 for a generator that got in nobody's way: the worst of the marks. Reasons says what took points.
	Score   float64 `json:"score"`
	Marks   []Mark  `json:"marks"`
	Invalid string  `json:"invalid_because,omitempty"`
}

// Mark is what one self-check says.
type Mark struct {
	Name  string  `json:"name"`
	Got   float64 `json:"got"`
	Clean float64 `json:"clean"` // up to here it is 1
	Worst float64 `json:"worst"` // from here on it is 0
	Score float64 `json:"score"`
}

// leastScore is the validity below which a run says nothing, unless the scenario sets another.
const leastScore = 0.5

// judge fills the score. Limits: below Clean the error is small against what is measured (a frame is 20 ms); at Worst it is as
// large as a bad network.
func (g *Generator) judge(e Engine, sent uint64) {
	g.Marks, g.Score, g.Invalid = nil, 1, ""
	if e == Virtual {
		return
	}
	ppm := 0.0
	if sent > 0 {
		ppm = float64(g.RxDrops) / float64(sent)
	}
	for _, m := range []Mark{
		{Name: "pacer_error_ms.p99", Got: g.Pacer.P99, Clean: 1, Worst: 20},
		{Name: "late_ratio", Got: g.LateRatio, Clean: 0.001, Worst: 0.02},
		{Name: "arrival_lag_ms.p99", Got: g.ArrivalLag.P99, Clean: 10, Worst: 500},
		{Name: "scheduler_late_ms.p99", Got: g.Scheduler.P99, Clean: 4, Worst: 40},
		{Name: "gc_pause_ms.p99", Got: g.GCPause.P99, Clean: 2, Worst: 40},
		{Name: "rx_drops", Got: ppm, Clean: 0, Worst: 0.001},
		{Name: "clock_steps", Got: float64(g.ClockSteps), Clean: 0, Worst: 1},
		{Name: "ports_failed", Got: float64(g.PortsFailed), Clean: 0, Worst: 1},
	} {
		m.Score = tidy(1 - min(1, max(0, (m.Got-m.Clean)/(m.Worst-m.Clean))))
		g.Marks = append(g.Marks, m)
		if m.Score < g.Score {
			g.Score = m.Score
		}
	}
}

// why says what is wrong with the generator if its score is below least.
func (g *Generator) why(least float64) string {
	if g.PacerMost > 0 && g.Pacer.P99 > g.PacerMost {
		return fmt.Sprintf("this machine was the bottleneck: 1 %% of frames left more than %.4g ms late, clean is up to %g", g.Pacer.P99, g.PacerMost)
	}
	if g.Score >= least {
		return ""
	}
	worst := Mark{Score: math.Inf(1)}
	for _, m := range g.Marks {
		if m.Score < worst.Score {
			worst = m
		}
	}
	return fmt.Sprintf("this machine was the bottleneck: %s is %.4g, clean is up to %g", worst.Name, worst.Got, worst.Clean)
}
