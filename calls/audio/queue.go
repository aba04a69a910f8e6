package audio

import "sync"

// queue holds samples between two clocks that are not quite the same: ours and that of a device. When it is full the oldest
// go, so that the delay stays bounded.
type queue struct {
	// Static after newQueue.
	ready  chan struct{} // gets a token when there is something new
	closed chan struct{} // closed by the owner
	limit  int

	// Guarded by mu.
	mu  sync.Mutex
	pcm []int16
}

func newQueue(frames int) *queue {
	return &queue{ready: make(chan struct{}, 1), closed: make(chan struct{}), limit: frames * FrameSamples, pcm: make([]int16, 0, 2*frames*FrameSamples)}
}

// write keeps the newest samples.
func (q *queue) write(pcm []int16) {
	q.mu.Lock()
	defer q.mu.Unlock()
	pcm = pcm[max(0, len(pcm)-q.limit):]
	q.dropLocked(len(q.pcm) + len(pcm) - q.limit)
	q.pcm = append(q.pcm, pcm...)
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// read returns how many samples there were.
func (q *queue) read(pcm []int16) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := copy(pcm, q.pcm)
	q.dropLocked(n)
	return n
}

// readFrame reads all of pcm or nothing.
func (q *queue) readFrame(pcm []int16) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.pcm) < len(pcm) {
		return false
	}
	q.dropLocked(copy(pcm, q.pcm))
	return true
}

func (q *queue) dropLocked(n int) {
	if n > 0 {
		q.pcm = q.pcm[:copy(q.pcm, q.pcm[n:])]
	}
}
