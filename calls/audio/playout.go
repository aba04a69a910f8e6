package audio

import (
	"errors"
	"sync"
	"time"
)

const (
	defaultDelay = 60 * time.Millisecond
	maxDelay     = 400 * time.Millisecond

	// slots is how many packets the buffer holds; a power of two.
	slots = 64
	// maxDepth is how many frames may wait before the oldest are skipped: half a second of delay is no conversation.
	maxDepth = 25
	// maxConcealed is how many frames are made up when nothing arrives at all, before it is silent: 200 ms.
	maxConcealed = 10
	// watchFrames is how long the buffer must be too full before it is shortened: a second.
	watchFrames = 50
	// spareFrames is how much too full that is.
	spareFrames = 2
	// restartLate is how many packets in a row may be late before the other side must have begun to count anew.
	restartLate = 50
)

// PlayoutConfig is what a Playout is made of.
type PlayoutConfig struct {
	Decoder Decoder       // required; belongs to the Playout
	Delay   time.Duration // how long packets wait; default 60 ms, at most 400 ms, negative: not at all
}

// PlayoutStats counts frames.
type PlayoutStats struct {
	Played    uint64 // decoded from their packet
	Concealed uint64 // made up
	Recovered uint64 // decoded from the packet after
	Late      uint64 // packets that came after their time, or were skipped
	Duplicate uint64 // packets that came again
}

// Playout puts packets into order and turns them into frames at a steady pace; the package doc says how. Push and Pull may
// be called from different goroutines.
type Playout struct {
	// Static after NewPlayout.
	decoder Decoder
	target  int64 // frames that should wait
	delay   time.Duration

	// Guarded by mu.
	mu      sync.Mutex
	stats   PlayoutStats
	packets [slots]waiting
	newest  int64     // the highest sequence number, extended beyond 16 bits
	next    int64     // the one to be played
	begun   bool      // a packet has arrived since the last restart
	playing bool      // the delay is over
	since   time.Time // when the first packet arrived
	empty   int64     // Pulls in a row that found nothing waiting
	late    int       // packets in a row that came too late
	least   int64     // the smallest depth in this watch
	watched int       // Pulls in this watch
	blend   []int16
}

// waiting is a packet in the buffer; size 0: none.
type waiting struct {
	seq  int64
	size int
	data [maxPacketBytes]byte
}

// NewPlayout makes an empty buffer.
func NewPlayout(cfg PlayoutConfig) (*Playout, error) {
	if cfg.Decoder == nil {
		return nil, errors.New("audio: PlayoutConfig.Decoder is missing")
	}
	if cfg.Delay == 0 {
		cfg.Delay = defaultDelay
	}
	cfg.Delay = max(0, min(cfg.Delay, maxDelay))
	target := int64((cfg.Delay + FrameDuration - 1) / FrameDuration)
	return &Playout{decoder: cfg.Decoder, delay: cfg.Delay, target: target, blend: make([]int16, FrameSamples)}, nil
}

// Stats may be called at any time.
func (p *Playout) Stats() PlayoutStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Push puts in what arrived at now. It keeps no part of opus.
func (p *Playout) Push(seq uint16, opus []byte, now time.Time) {
	if len(opus) == 0 || len(opus) > maxPacketBytes {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun {
		p.restartLocked(int64(seq), now)
	}
	at := p.newest + int64(int16(seq-uint16(p.newest)))
	switch {
	case at < p.next && !p.playing && p.newest-at < slots:
		p.next = at // the very first packets overtook one another
	case at < p.next:
		p.stats.Late++
		if p.late++; p.late < restartLate {
			return
		}
		p.restartLocked(at, now)
	case at == p.waitingLocked(at).seq && p.waitingLocked(at).size > 0:
		p.stats.Duplicate++
		return
	}
	p.late = 0
	if p.empty > 0 && at > p.next {
		// Nothing has arrived for a while, and frames were made up meanwhile: as many before this packet are done with.
		p.next += min(p.empty, at-p.next)
	}
	if at >= p.next+slots {
		p.skipLocked(at - p.target)
	}
	p.empty = 0
	p.newest = max(p.newest, at)
	w := p.waitingLocked(at)
	w.seq, w.size = at, copy(w.data[:], opus)
}

// restartLocked empties the buffer; at is the first packet.
func (p *Playout) restartLocked(at int64, now time.Time) {
	for i := range p.packets {
		p.packets[i].size = 0
	}
	p.begun, p.playing, p.since = true, false, now
	p.newest, p.next = at, at
	p.empty, p.late = 0, 0
	p.watchLocked()
}

func (p *Playout) watchLocked() { p.least, p.watched = slots, 0 }

func (p *Playout) waitingLocked(at int64) *waiting { return &p.packets[at&(slots-1)] }

// packetLocked is the packet of a frame, or nil.
func (p *Playout) packetLocked(at int64) []byte {
	w := p.waitingLocked(at)
	if w.size == 0 || w.seq != at {
		return nil
	}
	return w.data[:w.size]
}

// skipLocked drops what is before at.
func (p *Playout) skipLocked(at int64) {
	for ; p.next < at && p.next <= p.newest; p.next++ {
		if p.packetLocked(p.next) != nil {
			p.waitingLocked(p.next).size = 0
			p.stats.Late++
		}
	}
	p.next = max(p.next, at)
}

// Pull fills pcm, FrameSamples long, with the next frame; it is called every 20 ms. played: it is what the other side said,
// not made up and not silence.
func (p *Playout) Pull(pcm []int16, now time.Time) (played bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.playing {
		if !p.begun || now.Sub(p.since) < p.delay {
			clear(pcm)
			return false
		}
		p.playing = true
	}
	depth := p.newest - p.next + 1
	if depth > maxDepth {
		p.skipLocked(p.newest - p.target)
		depth = p.newest - p.next + 1
	}
	if depth <= 0 {
		return p.waitLocked(pcm)
	}
	p.least = min(p.least, depth)
	if p.watched++; p.watched >= watchFrames {
		tooFull := p.least >= p.target+spareFrames+1
		p.watchLocked()
		if tooFull {
			return p.blendLocked(pcm)
		}
	}
	return p.frameLocked(pcm)
}

// waitLocked makes a frame up without going on: the packet may only be late.
func (p *Playout) waitLocked(pcm []int16) bool {
	p.watchLocked()
	p.empty++
	p.stats.Concealed++
	if p.empty > maxConcealed {
		clear(pcm)
	} else {
		_ = p.decoder.Conceal(pcm) // on error, silence
	}
	return false
}

// frameLocked makes the next frame; it, or a later one, waits.
func (p *Playout) frameLocked(pcm []int16) (played bool) {
	at := p.next
	p.next++
	if packet := p.packetLocked(at); packet != nil {
		p.waitingLocked(at).size = 0
		if p.decoder.Decode(packet, pcm) == nil {
			p.stats.Played++
			return true
		}
	} else if after := p.packetLocked(at + 1); after != nil && p.decoder.DecodeFEC(after, pcm) == nil {
		p.stats.Recovered++
		return true
	}
	p.stats.Concealed++
	_ = p.decoder.Conceal(pcm)
	return false
}

// blendLocked makes one frame of two: the first fades out while the second fades in.
func (p *Playout) blendLocked(pcm []int16) bool {
	first := p.frameLocked(p.blend)
	second := p.frameLocked(pcm)
	for i, old := range p.blend {
		pcm[i] = int16((int(old)*(FrameSamples-i) + int(pcm[i])*i) / FrameSamples)
	}
	return first || second
}
