package sframe

// windowSize is how many counters below the highest may still arrive: 20 seconds of voice.
const windowSize = 1024

// window remembers which of the last counters were seen. The zero value has seen none.
type window struct {
	top  uint64 // the highest seen, 0 when none was
	bits [windowSize / 64]uint64
}

// fresh says whether ctr was not seen and is not too old to tell. ctr is at least firstCounter.
func (w *window) fresh(ctr uint64) bool {
	if ctr > w.top {
		return true
	}
	if w.top-ctr >= windowSize {
		return false
	}
	return w.bits[ctr%windowSize/64]&(1<<(ctr%64)) == 0
}

// add marks ctr, which is fresh and whose frame is authentic.
func (w *window) add(ctr uint64) {
	if ctr > w.top {
		if ctr-w.top >= windowSize {
			clear(w.bits[:])
		} else {
			for c := w.top + 1; c < ctr; c++ {
				w.bits[c%windowSize/64] &^= 1 << (c % 64)
			}
		}
		w.top = ctr
	}
	w.bits[ctr%windowSize/64] |= 1 << (ctr % 64)
}
