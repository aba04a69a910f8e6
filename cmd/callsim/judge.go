package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

// What makes a measurement worthless: the machine was late by itself.
const (
	maxLateRatio      = 0.01
	maxSchedulerP99Ms = 20
)

// report sums the run up.
func (q *quick) report(started time.Time, pairs []*pair) *Report {
	r := &Report{
		Version: reportVersion, Tool: "callsim " + command.Version(), Started: started.UTC().Format(time.RFC3339),
		Scenario: Scenario{Calls: q.cfg.calls, Seconds: q.cfg.talk.Seconds(), Server: "embedded", Encoder: "shared"},
		Calls:    CallCounts{Placed: len(pairs), Ended: make(map[string]int)},
	}
	where := "relay"
	if q.cfg.server != "" {
		r.Scenario.Server, where = "given", "phone"
	}
	if q.cfg.ownEncoder {
		r.Scenario.Encoder = "own"
	}
	var ring, audible []float64
	for _, p := range pairs {
		if p.aliceCall == nil {
			r.Calls.Ended["not-placed"]++
			continue
		}
		r.Calls.Ended[p.aliceCall.Result().String()]++
		if p.bobCall == nil {
			continue
		}
		a, b := p.aliceCall.Times(), p.bobCall.Times()
		if !a.Ringing.IsZero() && !b.Ringing.IsZero() {
			// Until it rings and the caller's phone says so: the later of the two.
			ring = append(ring, max(millis(a.Started, a.Ringing), millis(a.Started, b.Ringing)))
		}
		if a.FirstVoice.IsZero() || b.FirstVoice.IsZero() {
			continue
		}
		r.Calls.Answered++
		// Until both hear: the later of the two.
		audible = append(audible, max(millis(b.Accepted, a.FirstVoice), millis(b.Accepted, b.FirstVoice)))
		for _, call := range []*calls.Call{p.aliceCall, p.bobCall} {
			s := call.Stats()
			r.Media.Sent += s.FramesSent
			r.Media.Received += s.FramesReceived
			r.Media.Lost += s.FramesLost
			r.Media.Unauthentic += s.FramesUnauthentic
			r.Media.Concealed += s.FramesConcealed
			r.Generator.LateFrames += s.FramesLate
		}
	}
	if all := r.Media.Received + r.Media.Lost; all > 0 {
		r.Media.LostRatio = float64(r.Media.Lost) / float64(all)
	}
	if r.Media.Sent > 0 {
		r.Generator.LateRatio = float64(r.Generator.LateFrames) / float64(r.Media.Sent)
	}
	r.Setup = Setup{percentiles(ring), percentiles(audible)}
	r.Audio.STOI = percentiles(q.scores(pairs))
	r.Privacy = q.observer.privacy(where)
	q.meter.fill(&r.Generator)
	switch {
	case r.Generator.LateRatio > maxLateRatio:
		r.Generator.InvalidBecause = fmt.Sprintf("%.1f %% of frames were sent late by this machine", 100*r.Generator.LateRatio)
	case r.Generator.SchedulerP99Ms > maxSchedulerP99Ms:
		r.Generator.InvalidBecause = fmt.Sprintf("this machine woke up %.0f ms late", r.Generator.SchedulerP99Ms)
	}
	r.judge()
	return r
}

func millis(from, to time.Time) float64 { return float64(to.Sub(from)) / float64(time.Millisecond) }

// scores compares what each side heard with what was said.
func (q *quick) scores(pairs []*pair) []float64 {
	frames := int(min(q.cfg.talk, maxRecorded/audio.SampleRate*time.Second) / audio.FrameDuration)
	reference := q.clip.reference(frames)
	var (
		mu     sync.Mutex
		all    []float64
		wg     sync.WaitGroup
		heards = make(chan *recorder)
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for h := range heards {
				stoi, _, err := quality.CompareSpeech(reference, h.heard(), audio.SampleRate)
				if err != nil {
					stoi = 0 // nothing that could be understood
				}
				mu.Lock()
				all = append(all, stoi)
				mu.Unlock()
			}
		})
	}
	for _, p := range pairs {
		heards <- &p.aliceHeard
		heards <- &p.bobHeard
	}
	close(heards)
	wg.Wait()
	return all
}
