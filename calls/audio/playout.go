package audio

import (
	"errors"
	"sync"
	"time"
)

const (
	// startDelay is how long the first packet waits, before anything is known about the network.
	startDelay = 35 * time.Millisecond
	// mostDelay bounds how long packets are made to wait, however late some of them are.
	mostDelay = 500 * time.Millisecond

	// slots is how many frames the buffer holds; a power of two.
	slots = 64
	// spareDepth is how many frames more than should may wait before the oldest are skipped: half a second.
	spareDepth = 25
	// restartLate is how many packets in a row may be late before the other side must have begun to count anew.
	restartLate = 50
	// mostPacketFrames bounds how much of a conversation one packet carries.
	mostPacketFrames = 6

	// CopyDistance is how many frames after the original its copy travels, so that a burst of two losses takes one of
	// them only.
	CopyDistance = 2
	// copyMemory is for how many frames after a copy more of them are expected.
	copyMemory = 100

	maxVoiceBytes = 400 // of one frame; more than 64 kbit/s have
	maxCopyBytes  = 120
)

// PlayoutConfig is what a Playout is made of.
type PlayoutConfig struct {
	Decoder Decoder // required; belongs to the Playout
	// Fixed is how long packets wait on every network, up to 500 ms; negative: not at all. Zero, the default, adapts.
	Fixed time.Duration
}

// Packet is what arrived: one or more frames, and perhaps a copy of an earlier one.
type Packet struct {
	Frame uint16 // the number of the first frame
	Opus  []byte // the first frame
	More  []byte // the frames after it, each as long as it
	Copy  []byte // of frame Frame-CopyDistance, at a lower bitrate
}

// frames is how many frames are in it, 0 for a packet that makes no sense.
func (p *Packet) frames() int {
	size := len(p.Opus)
	if size == 0 || size > maxVoiceBytes || len(p.More)%size != 0 || len(p.More)/size >= mostPacketFrames || len(p.Copy) > maxCopyBytes {
		return 0
	}
	return 1 + len(p.More)/size
}

func (p *Packet) frame(i int) []byte {
	if i == 0 {
		return p.Opus
	}
	size := len(p.Opus)
	return p.More[(i-1)*size : i*size]
}

// Playout puts packets into order and turns them into frames at a steady pace; the package doc says how. It reads no clock.
// Push and Pull may be called from different goroutines.
type Playout struct {
	// Static after NewPlayout.
	decoder Decoder
	fixed   time.Duration

	// Guarded by mu.
	mu      sync.Mutex
	stats   PlayoutStats
	delays  delayEstimator
	epoch   time.Time // since the last restart
	waiting [slots]slot
	newest  int64 // the highest frame number, extended beyond 16 bits
	next    int64 // the one to be decoded
	begun   bool  // a packet has arrived since the last restart
	playing bool  // the first delay is over
	empty   int64 // frames in a row made up because nothing waited
	made    int   // frames in a row made up for whatever reason
	late    int   // packets in a row that came too late
	copies  int   // for how many more frames copies are expected
	large   int   // frames of the largest packet that the other side sends, or is going to
	level   time.Duration
	rested  int // Pulls since time was stretched

	out     []int16 // decoded, not played yet
	heard   []int16 // played just before, two periods of a voice
	scratch []int16
	real    bool // what out ends with was said by the other side
	seam    bool // what is decoded next does not continue what was decoded before
	silent  bool // what out ends with, or what was heard, is silence
}

// slot is what waits for one frame; an empty slot has no data.
type slot struct {
	frame int64
	at    time.Time
	size  int // of data
	spare int // of copied
	data  [maxVoiceBytes]byte
	// copied is played if data does not come.
	copied [maxCopyBytes]byte
}

// NewPlayout makes an empty buffer.
func NewPlayout(cfg PlayoutConfig) (*Playout, error) {
	if cfg.Decoder == nil {
		return nil, errors.New("audio: PlayoutConfig.Decoder is missing")
	}
	return &Playout{
		decoder: cfg.Decoder, fixed: min(cfg.Fixed, mostDelay), delays: newDelayEstimator(), large: 1,
		out: make([]int16, 0, 4*FrameSamples), heard: make([]int16, mostSpeech), scratch: make([]int16, FrameSamples),
		silent: true,
	}, nil
}

// Expect says how many frames the packets are going to have, so that the delay is there when the first of them comes.
func (p *Playout) Expect(frames int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.large = max(1, min(frames, mostPacketFrames))
}

// Push puts in what arrived at now. It keeps no part of packet.
func (p *Playout) Push(packet Packet, now time.Time) {
	n := packet.frames()
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first := int64(packet.Frame)
	if !p.begun {
		p.restartLocked(first, now)
	} else {
		first = p.newest + int64(int16(packet.Frame-uint16(p.newest)))
		p.delays.add(first, now, p.epoch)
	}
	for i := range n {
		if !p.putLocked(first+int64(i), packet.frame(i), now) {
			return
		}
	}
	if len(packet.Copy) > 0 {
		p.copies = copyMemory
		if s := p.slotLocked(first - CopyDistance); first-CopyDistance >= p.next && s.size == 0 {
			s.at, s.spare = now, copy(s.copied[:], packet.Copy)
			p.stats.FECReceived++
		}
	}
}

// putLocked is false when the rest of the packet is of no use either.
func (p *Playout) putLocked(at int64, opus []byte, now time.Time) bool {
	switch {
	case at < p.next && !p.playing && p.newest-at < slots:
		p.next = at // the very first packets overtook one another
	case at < p.next:
		p.stats.Late++
		if p.late++; p.late < restartLate {
			return true
		}
		p.restartLocked(at, now)
	case at >= p.next+slots:
		// Too much is missing to go on where we are; or it is not missing, and the numbers jumped.
		p.restartLocked(at, now)
	}
	if s := p.slotLocked(at); s.size > 0 {
		p.stats.Duplicate++
		return true
	}
	if p.late = 0; hasFEC(opus) {
		p.stats.FECReceived++
	}
	if p.empty > 0 && at > p.next {
		// Nothing has arrived for a while, and frames were made up meanwhile: as many before this one are done with.
		done := min(p.empty, at-p.next)
		p.next += done
		p.level -= place(done)
	}
	p.empty = 0
	p.newest = max(p.newest, at)
	s := p.slotLocked(at)
	s.at, s.size = now, copy(s.data[:], opus)
	return true
}

// restartLocked empties the buffer; at is the first frame.
func (p *Playout) restartLocked(at int64, now time.Time) {
	for i := range p.waiting {
		p.waiting[i].size, p.waiting[i].spare = 0, 0
	}
	p.begun, p.playing, p.seam = true, false, true
	p.epoch = now.Add(-place(at))
	p.newest, p.next = at, at
	p.empty, p.late, p.level = 0, 0, 0
	p.delays.restart(at, now)
}

// slotLocked is the place of a frame between next and next+slots; what was there of another is gone.
func (p *Playout) slotLocked(at int64) *slot {
	s := &p.waiting[at&(slots-1)]
	if s.frame != at {
		s.frame, s.size, s.spare = at, 0, 0
	}
	return s
}

// skipLocked drops what is before at.
func (p *Playout) skipLocked(at int64) {
	for ; p.next < at && p.next <= p.newest; p.next++ {
		if p.slotLocked(p.next).size > 0 {
			p.stats.Late++
		}
	}
	p.next = max(p.next, at)
	p.seam = true
}

// targetLocked is how long the fastest packet should wait.
func (p *Playout) targetLocked() time.Duration {
	if p.fixed != 0 {
		return max(0, p.fixed)
	}
	target := p.delays.target
	if target == 0 {
		target = startDelay
	}
	if repair := p.repairLocked(); repair > 0 {
		target = max(target+FrameDuration, repair)
	}
	return min(max(target, place(int64(p.large))), mostDelay)
}

// repairLocked is how long it takes until what repairs a lost frame is there; 0 while none is lost.
func (p *Playout) repairLocked() time.Duration {
	switch {
	case p.delays.loss < noticeableLoss:
		return 0
	case p.copies > 0:
		return (CopyDistance + 1) * FrameDuration
	}
	return 2 * FrameDuration
}

func (p *Playout) targetFramesLocked() int64 {
	return int64((p.targetLocked() + FrameDuration - 1) / FrameDuration)
}
