package turn

import (
	"encoding/binary"
	"sync"
)

const (
	// queueBytes bound what waits for a stream: half a second of voice, older voice is of no use.
	queueBytes = 8 << 10

	firstQueueBytes = 512 // of what an idle stream keeps
)

// queue is what waits to be written to a stream. When it is full the oldest data goes, for fresh voice wins, but never an answer:
// a client on a stream does not ask again. Frames tell their lengths, so they are kept end to end.
type queue struct {
	wake chan struct{} // has an element when something waits

	// Guarded by mu.
	mu      sync.Mutex
	waiting []byte
	spare   []byte // zeros, for the next frames while the last are written
}

func newQueue() queue { return queue{wake: make(chan struct{}, 1)} }

// put queues a frame, padded, and says how much data it took the place of; or false.
func (q *queue) put(b []byte) (dropped int, ok bool) {
	size := padded(len(b))
	q.mu.Lock()
	defer q.mu.Unlock()
	if over := len(q.waiting) + size - queueBytes; over > 0 {
		if dropped, ok = q.makeRoomLocked(over); !ok {
			return dropped, false
		}
	}
	q.growLocked(len(q.waiting) + size)
	q.waiting = append(q.waiting, b...)
	for range size - len(b) {
		q.waiting = append(q.waiting, 0)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return dropped, true
}

// makeRoomLocked drops data from the head until at least n bytes are free.
func (q *queue) makeRoomLocked(n int) (dropped int, ok bool) {
	kept := 0
	at := 0
	for at < len(q.waiting) && n > 0 {
		size, _ := frameSize(q.waiting[at:])
		if isData(q.waiting[at:]) {
			n -= size
			dropped++
		} else {
			kept += copy(q.waiting[kept:], q.waiting[at:at+size])
		}
		at += size
	}
	kept += copy(q.waiting[kept:], q.waiting[at:])
	clear(q.waiting[kept:])
	q.waiting = q.waiting[:kept]
	return dropped, n <= 0
}

// growLocked makes room for n bytes in all, and leaves nothing behind.
func (q *queue) growLocked(n int) {
	if n <= cap(q.waiting) {
		return
	}
	size := firstQueueBytes
	for size < n {
		size *= 2
	}
	larger := append(make([]byte, 0, size), q.waiting...)
	clear(q.waiting)
	q.waiting = larger
}

// take returns all that waits; give takes it back when it is written.
func (q *queue) take() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.waiting
	q.waiting, q.spare = q.spare, nil
	return b
}

func (q *queue) give(b []byte) {
	clear(b)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.spare = b[:0]; q.waiting == nil {
		q.waiting, q.spare = q.spare, nil
	}
}

// wipe zeroes what nobody will write any more.
func (q *queue) wipe() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.waiting[:cap(q.waiting)])
	q.waiting, q.spare = nil, nil
}

// isData tells what may be dropped from what is answered.
func isData(frame []byte) bool {
	return frame[0]>>6 == 1 || binary.BigEndian.Uint16(frame) == dataIndication
}
