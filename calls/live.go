package calls

import (
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/quality"
)

const (
	// judgeEvery is how often a live call is judged.
	judgeEvery = time.Second
	// judgedSpans of judgeEvery are looked at together: a single second has 50 frames, too few to tell a rate of loss.
	judgedSpans = 3
)

// Quality is how good the other side's voice is here, by the E-model (package quality). It knows nothing of what microphones and
// speakers add to the delay, at either end.
type Quality struct {
	Scale      string  `json:"scale"`      // of MOS and ceiling: MOS_CQEF, fullband
	MOS        float64 `json:"mos"`        // from 1
	Ceiling    float64 `json:"ceiling"`    // the MOS on a perfect network
	R          float64 `json:"r"`          // of at most 148
	Concealed  float64 `json:"concealed"`  // part of the frames that were made up, from 0 to 1
	BurstRatio float64 `json:"burstRatio"` // of these; 1: at random
	MouthToEar float64 `json:"mouthToEar"` // seconds
}

// RemoteInbound has the name that RTCRemoteInboundRtpStreamStats of the W3C's webrtc-stats gives to it. It is the last one measured by
// the connectivity checks from phone to phone: there is no RTCP.
type RemoteInbound struct {
	RoundTripTime float64 `json:"roundTripTime"` // seconds; 0: not yet known
}

// live judges a call while it goes on.
type live struct {
	// Static.
	codec quality.Codec

	// Owned by watchLoop.
	next  time.Time
	watch quality.Watch
	told  bool // what the call was told last: poor

	// Guarded by mu.
	mu    sync.Mutex
	trip  time.Duration         // the last that is known
	trips time.Duration         // the sum of what was seen at each judgement
	times int                   // how many these are
	marks [judgedSpans]liveMark // the latest judgements, a ring
	count int                   // of all judgements
}

// liveMark is what had been counted at a time.
type liveMark struct {
	played audio.PlayoutStats
	trips  time.Duration
	times  int
}

// judge is one judgement; path is the round trip as it is now, 0 if unknown. It says whether the network is poor.
func (l *live) judge(now time.Time, played audio.PlayoutStats, path time.Duration) (poor bool) {
	l.mu.Lock()
	if path > 0 {
		l.trip = path
		l.trips += path
		l.times++
	}
	recent := l.judgedLocked(l.oldestLocked(), played)
	l.marks[l.count%judgedSpans] = liveMark{played, l.trips, l.times}
	l.count++
	l.mu.Unlock()
	// While nothing was due the network is neither: before the first voice, and after a path was lost for good.
	if recent != nil {
		l.watch.See(now, recent.MOS)
	}
	return l.watch.Poor()
}

// oldestLocked is what had been counted judgedSpans judgements ago, or at the beginning.
func (l *live) oldestLocked() liveMark {
	if l.count < judgedSpans {
		return liveMark{}
	}
	return l.marks[l.count%judgedSpans]
}

// judgedLocked is the quality since before; nil if nothing was due.
func (l *live) judgedLocked(before liveMark, played audio.PlayoutStats) *Quality {
	made := played.Concealed - before.played.Concealed
	due := made + played.Played - before.played.Played + played.Recovered - before.played.Recovered
	if due == 0 {
		return nil
	}
	trip := l.trip
	if n := l.times - before.times; n > 0 {
		trip = (l.trips - before.trips) / time.Duration(n)
	}
	var waited time.Duration
	if emitted := played.EmittedSamples - before.played.EmittedSamples; emitted > 0 {
		waited = time.Duration((played.Waited - before.played.Waited) / float64(emitted) * float64(time.Second))
	}
	m := quality.Measured{
		Codec: l.codec, Delay: quality.MouthToEar(trip/2, waited, 0), Loss: float64(made) / float64(due),
		BurstRatio: quality.BurstRatio(int(due), int(made), int(played.ConcealmentEvents-before.played.ConcealmentEvents)),
	}
	e := quality.Judge(m)
	return &Quality{
		Scale: e.Scale.String(), MOS: e.MOS, Ceiling: l.codec.Ceiling().MOS, R: e.R,
		Concealed: m.Loss, BurstRatio: m.BurstRatio, MouthToEar: m.Delay.Seconds(),
	}
}

// fill adds the quality so far and of the last seconds to s.
func (l *live) fill(s *Stats, played audio.PlayoutStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.RemoteInbound.RoundTripTime = l.trip.Seconds()
	s.Quality = l.judgedLocked(liveMark{}, played)
	s.QualityNow = l.judgedLocked(l.oldestLocked(), played)
}

// judge tells the call when its network has become poor, or good again. What it has no time to hear now is told at the next.
func (v *voice) judge(now time.Time) {
	l := &v.live
	if now.Before(l.next) {
		return
	}
	l.next = now.Add(judgeEvery)
	if poor := l.judge(now, v.playout.Stats(), v.conn.Stats().RoundTrip); poor != l.told && v.observe.quality(poor) {
		l.told = poor
	}
}
