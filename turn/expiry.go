package turn

import "time"

// sweepGap keeps sweeps apart, since each looks at every slot.
const sweepGap = 250 * time.Millisecond

// dueLocked notes that a slot ends at d.
func (t *table) dueLocked(d time.Duration) {
	if d >= t.next {
		return
	}
	t.next = d
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// due returns when the next slot may end.
func (t *table) due() time.Duration {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.next
}

// sweep wipes what has ended, block by block so that data waits little, and notes when the next one ends.
//
//go:noinline
func (t *table) sweep(now time.Duration) {
	t.mu.Lock()
	t.next = never // lowered again by what is added meanwhile
	blocks := len(t.blocks)
	t.mu.Unlock()
	next := never
	for b := range blocks {
		next = min(next, t.sweepBlock(b, now))
	}
	t.mu.Lock()
	t.next = min(t.next, next)
	t.mu.Unlock()
}

func (t *table) sweepBlock(b int, now time.Duration) (next time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next = never
	for i := range t.blocks[b] {
		switch a := &t.blocks[b][i]; {
		case a.state == 0:
		case a.expires <= now:
			t.wipeLocked(uint32(b*blockSlots+i) + 1)
		default:
			next = min(next, a.expires)
		}
	}
	return next
}

// expiryLoop zeroes slots in time. It sleeps while nothing is due.
func (s *Server) expiryLoop() {
	timer := time.NewTimer(never)
	timer.Stop()
	defer timer.Stop()
	swept := time.Duration(0)
	for {
		select {
		case <-s.done:
			return
		case <-s.table.wake:
		case <-timer.C:
			swept = s.now()
			scrub()
			s.table.sweep(swept)
			scrub()
			overwriteSignals()
		}
		if due := s.table.due(); due == never {
			timer.Stop()
		} else {
			timer.Reset(max(due, swept+sweepGap) - s.now())
		}
	}
}
