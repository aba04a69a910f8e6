package audio

import "time"

const (
	// maxConcealed is how many frames in a row are made up before it is silent: 200 ms. The last of them fades out.
	maxConcealed = 10
	// seamSamples is how long the fade between two pieces is that do not belong together.
	seamSamples = FrameSamples / 2

	// levelWeight: one Pull that comes late, because the machine is busy, must not look like a full buffer.
	levelWeight = 4
	// restPulls and hurryPulls are how far apart two stretches are.
	restPulls  = 3
	hurryPulls = 2
	// slack is how much more than wanted is too much, beyond which delay is given back; a stretch is up to 15 ms.
	slack = 20 * time.Millisecond
	// mostLack bounds how much less than wanted is too little.
	mostLack = 85 * time.Millisecond
	// hurryFactor: so many times too full is an emergency.
	hurryFactor = 3
)

// Pull fills pcm, FrameSamples long, with the next 20 ms; it is called every 20 ms. played: it is what the other side said, not
// made up and not silence.
func (p *Playout) Pull(pcm []int16, now time.Time) (played bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(pcm) != FrameSamples {
		clear(pcm)
		return false
	}
	if !p.playing && !p.startLocked(now) {
		p.endLocked(pcm)
		return false
	}
	p.rested++
	for len(p.out) < FrameSamples {
		p.produceLocked(now)
	}
	copy(pcm, p.out)
	p.out = p.out[:copy(p.out, p.out[FrameSamples:])]
	p.keepLocked(pcm)
	return p.real
}

// startLocked says whether the first frame has waited long enough, or will have within this Pull: then silence comes before it,
// so that the delay is right from the beginning.
func (p *Playout) startLocked(now time.Time) bool {
	if !p.begun {
		return false
	}
	lack := p.targetLocked() - p.waitedLocked(now)
	if lack >= FrameDuration {
		return false
	}
	p.playing = true
	p.level = p.targetLocked()
	if lack > 0 && p.silent {
		p.out = p.out[:int(lack*SampleRate/time.Second)]
		clear(p.out)
		p.level -= lack // until what comes before has been heard
	}
	return true
}

// endLocked fills pcm with silence, but for the end of what was being said.
func (p *Playout) endLocked(pcm []int16) {
	clear(pcm)
	if !p.silent {
		if len(p.out) < FrameSamples {
			_ = p.decoder.Conceal(p.growLocked())
		}
		for i := range pcm {
			pcm[i] = fade(p.out[i], 0, i, FrameSamples)
		}
	}
	p.keepLocked(pcm)
	p.silent, p.out = true, p.out[:0]
}

// keepLocked remembers what was heard.
func (p *Playout) keepLocked(pcm []int16) {
	n := copy(p.heard, p.heard[len(pcm):])
	copy(p.heard[n:], pcm)
}

// waitedLocked is how long the next frame has waited, or would have if it had come as fast as the fastest.
func (p *Playout) waitedLocked(now time.Time) time.Duration {
	return now.Sub(p.epoch) - place(p.next) - p.delays.fastest()
}

// produceLocked appends to out at least one sample, mostly a frame.
func (p *Playout) produceLocked(now time.Time) {
	p.level += (p.waitedLocked(now) - p.level) / levelWeight
	if depth := p.newest - p.next + 1; depth > spareDepth+p.targetFramesLocked() {
		p.skipLocked(p.newest - p.targetFramesLocked())
		p.level = p.targetLocked()
	}
	if p.newest < p.next {
		p.waitLocked()
		return
	}
	p.frameLocked(now)
	if p.real && p.fixed == 0 {
		p.stretchLocked(now)
	}
}

// stretchLocked makes what is about to be heard shorter or longer, when the delay is not what it should be.
func (p *Playout) stretchLocked(now time.Time) {
	target := p.targetLocked()
	low := max(target*3/4, target-mostLack)
	high := max(target, low+slack)
	hurry := p.level >= hurryFactor*high
	if p.rested < restPulls && (!hurry || p.rested < hurryPulls) {
		return
	}
	before := len(p.out)
	switch {
	case p.level >= high:
		if before < mostSpeech && p.slotLocked(p.next).size > 0 && p.next <= p.newest {
			p.frameLocked(now)
			before = len(p.out)
		}
		rest := shorten(p.out, hurry)
		p.stats.RemovedSamples += uint64(before - len(rest))
		p.out = p.out[:copy(p.out, rest)]
	case p.level < low:
		var extra [mostPeriod]int16
		more := lengthen(extra[:0], p.heard, p.out, p.level < low/2)
		p.stats.InsertedSamples += uint64(len(more))
		p.out = append(p.out, more...)
		copy(p.out[len(more):], p.out[:before])
		copy(p.out, more)
	}
	if change := len(p.out) - before; change != 0 {
		p.rested = 0
		p.level += time.Duration(change) * time.Second / SampleRate
	}
}

// waitLocked makes a frame up without going on: the packet may only be late.
func (p *Playout) waitLocked() {
	p.empty++
	p.level += FrameDuration
	p.concealLocked(p.growLocked())
	p.seam = true
}

// concealLocked fills pcm with what nobody said.
func (p *Playout) concealLocked(pcm []int16) {
	if p.made++; p.made == 1 {
		p.stats.ConcealmentEvents++
	}
	p.real = false
	p.stats.Concealed++
	p.stats.ConcealedSamples += FrameSamples
	if p.made > maxConcealed {
		clear(pcm)
		p.stats.SilentConcealedSamples += FrameSamples
		return
	}
	_ = p.decoder.Conceal(pcm) // on error, silence
	if p.made == maxConcealed {
		for i, v := range pcm {
			pcm[i] = fade(v, 0, i, len(pcm))
		}
		p.silent = true
	}
}

// growLocked makes room for a frame at the end of out.
func (p *Playout) growLocked() []int16 {
	n := len(p.out)
	p.out = p.out[:n+FrameSamples]
	return p.out[n:]
}

// frameLocked appends the next frame; it, or a later one, waits.
func (p *Playout) frameLocked(now time.Time) {
	s := p.slotLocked(p.next)
	p.delays.missed(s.size == 0)
	if p.copies > 0 {
		p.copies--
	}
	pcm := p.growLocked()
	kind, at := p.decodeLocked(s, pcm)
	p.next++
	if kind == nil {
		p.concealLocked(pcm)
		return
	}
	*kind++
	p.real, p.silent, p.made = true, false, 0
	p.stats.EmittedSamples += FrameSamples
	p.stats.Waited += FrameSamples * now.Sub(at).Seconds()
	p.stats.Wanted += FrameSamples * p.targetLocked().Seconds()
}

// decodeLocked fills pcm from the first thing that gives it: the packet, the copy in the next one, the copy of a lower bitrate.
// It says which counter that is, nil for none, and when what was used arrived.
func (p *Playout) decodeLocked(s *slot, pcm []int16) (kind *uint64, at time.Time) {
	after := p.slotLocked(p.next + 1)
	if s.size > 0 {
		if after.size > 0 && hasFEC(after.data[:after.size]) || s.spare > 0 {
			p.stats.FECDiscarded++
		}
		if p.decoder.Decode(s.data[:s.size], pcm) != nil {
			return nil, s.at
		}
		if p.seam {
			p.joinLocked(pcm)
		}
		return &p.stats.Played, s.at
	}
	if after.size > 0 && p.decoder.DecodeFEC(after.data[:after.size], pcm) == nil {
		return &p.stats.Recovered, after.at
	}
	if s.spare > 0 && p.decoder.Decode(s.copied[:s.spare], pcm) == nil {
		return &p.stats.Recovered, s.at
	}
	return nil, s.at
}

// joinLocked fades into pcm, the end of out, from what would have come there if what was before had gone on.
func (p *Playout) joinLocked(pcm []int16) {
	p.seam = false
	clear(p.scratch)
	if !p.silent {
		before := p.out[:len(p.out)-len(pcm)]
		var tail [mostSpeech]int16
		n := copy(tail[:], p.heard[min(len(before), len(p.heard)):])
		copy(tail[n:], before[max(0, len(before)-len(tail)):])
		repeat(p.scratch[:seamSamples], tail[:])
	}
	for i := range seamSamples {
		pcm[i] = fade(p.scratch[i], pcm[i], i, seamSamples)
	}
}
