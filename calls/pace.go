package calls

import (
	"context"
	"time"

	"github.com/taciturn-voice/taciturn/calls/audio"
)

// pace is a clock of 20 ms frames that does not drift: a late tick shortens the next wait instead of losing a frame,
// which a time.Ticker would.
type pace struct {
	late  bool // the present frame is more than a frame after its time
	next  time.Time
	timer *time.Timer
}

func newPace() *pace { return &pace{next: time.Now(), timer: time.NewTimer(0)} }

// wait blocks until the next frame is due; it is false when ctx has ended.
func (p *pace) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		p.timer.Stop()
		return false
	case <-p.timer.C:
	}
	now := time.Now()
	p.late = now.Sub(p.next) > audio.FrameDuration
	if now.Sub(p.next) > catchUp {
		p.next = now // suspended or starved: resume here rather than send a burst
	}
	p.next = p.next.Add(audio.FrameDuration)
	p.timer.Reset(p.next.Sub(now))
	return true
}
