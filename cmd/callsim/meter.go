package main

import (
	"slices"
	"sync"
	"time"
)

// meter watches the simulator itself: a machine that wakes up late measures itself and not the calls.
type meter struct {
	started time.Time
	ended   time.Time
	cpu     time.Duration
	stop    chan struct{}
	wg      sync.WaitGroup
	late    []float64 // milliseconds; owned by watchLoop until it has ended
}

const meterEvery = 20 * time.Millisecond

func newMeter() *meter { return &meter{stop: make(chan struct{})} }

// start begins to measure; the function it returns ends that.
func (m *meter) start() func() {
	m.started, m.cpu = time.Now(), cpuTime()
	m.wg.Go(m.watchLoop)
	return func() {
		close(m.stop)
		m.wg.Wait()
		m.ended, m.cpu = time.Now(), cpuTime()-m.cpu
	}
}

// watchLoop sleeps as long as a voice frame lasts, and notes how much longer it took.
func (m *meter) watchLoop() {
	for {
		before := time.Now()
		select {
		case <-m.stop:
			return
		case <-time.After(meterEvery):
			m.late = append(m.late, float64(time.Since(before)-meterEvery)/float64(time.Millisecond))
		}
	}
}

func (m *meter) fill(g *Generator) {
	slices.Sort(m.late)
	g.SchedulerP99Ms = percentiles(m.late).P99
	g.WallSeconds = m.ended.Sub(m.started).Seconds()
	g.CPUSeconds = m.cpu.Seconds()
}
