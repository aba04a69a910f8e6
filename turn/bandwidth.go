package turn

import (
	"sync/atomic"
	"time"
)

// packetOverhead is what a packet costs beyond its bytes: headers of UDP and IP, and the work. So packets are bounded as well.
const packetOverhead = 64

// bandwidth bounds what each allocation sends. For each slot it keeps the time at which all that was sent would have been, at
// the rate: one word, which any shard may change.
type bandwidth struct {
	perByte time.Duration // 0: no bound
	until   []atomic.Int64
}

// bandwidthBurst is how far an allocation may be ahead of its rate.
const bandwidthBurst = time.Second

func newBandwidth(bytesPerSecond, slots int) bandwidth {
	if bytesPerSecond <= 0 {
		return bandwidth{}
	}
	return bandwidth{time.Second / time.Duration(bytesPerSecond), make([]atomic.Int64, slots)}
}

// spend takes n bytes, or none.
func (b *bandwidth) spend(slot uint32, n int, now time.Duration) bool {
	if b.perByte == 0 {
		return true
	}
	for at := &b.until[slot]; ; {
		old := at.Load()
		next := max(time.Duration(old), now) + time.Duration(n+packetOverhead)*b.perByte
		if next > now+bandwidthBurst {
			return false
		}
		if at.CompareAndSwap(old, int64(next)) {
			return true
		}
	}
}

// reset is for a slot's next owner.
func (b *bandwidth) reset(slot uint32) {
	if b.perByte != 0 {
		b.until[slot].Store(0)
	}
}
