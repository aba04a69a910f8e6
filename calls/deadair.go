package calls

import (
	"context"
	"sync/atomic"
	"time"
)

// Times of the other side's silence. It sends a frame every 20 ms, also while muted, so silence means that nothing arrives.
const (
	watchEvery   = 50 * time.Millisecond
	deadAir      = 600 * time.Millisecond // the way to the relay is looked at
	deadAirLong  = time.Second            // the call is restarted
	lookAgain    = time.Second            // while it lasts
	heardAgainIn = 200 * time.Millisecond // a frame as old as this is no silence
)

// deadAirWatch is what the watch of one call has told; owned by watchLoop, but suspect.
type deadAirWatch struct {
	suspect  atomic.Bool // somebody else has said that the path is impaired
	impaired bool        // the call knows, and not yet that it is over
	told     bool        // the call knows that it hears
	restart  uint32      // with this key
	looked   time.Time
}

// watchLoop notices when the other side falls silent, and when it is heard again or with a new key for the first time. It
// judges the quality, too.
func (v *voice) watchLoop(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			v.look(now)
			v.judge(now)
		}
	}
}

// look is one glance. What the call has no time to hear now is told at the next.
func (v *voice) look(now time.Time) {
	w := &v.watch
	if v.watch.suspect.Swap(false) {
		w.impaired = true
	}
	silence := now.Sub(time.Unix(0, v.lastAuthentic.Load()))
	if silence >= deadAir && now.Sub(w.looked) >= lookAgain {
		w.looked = now
		v.conn.Check()
	}
	switch {
	case silence >= deadAirLong && !w.impaired:
		w.impaired = v.observe.impaired()
	case silence < heardAgainIn && v.received.Load() > 0:
		if restart := v.keys.restart(); w.impaired || !w.told || restart != w.restart {
			if v.observe.restored(restart) {
				w.impaired, w.told, w.restart = false, true, restart
			}
		}
	}
}
