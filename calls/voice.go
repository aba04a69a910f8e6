package calls

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/media"
	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/calls/sframe"
)

const (
	// catchUp is how far the sender may fall behind before it gives up the lost time instead of sending a burst.
	catchUp = 200 * time.Millisecond
	// alarmAfter: packets arrive, none authenticates, for this long (protocol, section 7).
	alarmAfter = time.Second
	// ackFrames is in how many frames a hang-up's acknowledgement is repeated, against loss.
	ackFrames = 5
	// muteFrames is in how many frames a change of mute is said, against loss.
	muteFrames = 25
	// maxOpusBytes bounds one encoded frame; hard CBR at 32 kbit/s has 80.
	maxOpusBytes = 400
	// maxFrameBytes bounds one sealed frame.
	maxFrameBytes = media.MaxFrameBytes
	// maxControls bounds what may wait to ride in the padding; each kind waits at most once.
	maxControls = 8
)

// voice is the media half of a talking call: four loops between Source, network and Sink, and one that watches.
//
//	captureLoop  Source ▶ captured
//	sendLoop     captured ▶ Opus ▶ SFrame ▶ media, every 20 ms
//	receiveLoop  media ▶ SFrame ▶ playout, controls ▶ call
//	playLoop     playout ▶ Sink, every 20 ms
//	watchLoop    dead air ▶ call
type voice struct {
	// Static after startVoice.
	conn    *media.Conn
	encoder audio.Encoder
	playout *audio.Playout
	audio   Audio
	observe voiceObserver
	stop    context.CancelFunc
	wg      sync.WaitGroup

	captured chan []int16
	recycled chan []int16

	keys *voiceKeys
	// Owned by watchLoop.
	watch deadAirWatch
	live  live // but what it guards itself

	muted         atomic.Bool
	alarmed       atomic.Bool
	sent          atomic.Uint64
	received      atomic.Uint64
	unauthentic   atomic.Uint64
	lastAuthentic atomic.Int64 // unix nanoseconds
	lastArrival   atomic.Int64
	expected      atomic.Uint64 // frames between the first and the last that arrived, both included
	late          atomic.Uint64

	// Guarded by mu.
	mu       sync.Mutex
	controls []control
}

// control is an in-frame control that is sent in the next frames.
type control struct {
	sframe.Control
	frames int // how many more frames carry it; negative: until cancelled
}

// voiceObserver is told what happens in the loops. The functions must not block.
type voiceObserver struct {
	control    func(sframe.Control)
	firstVoice func(at time.Time)
	sourceEnd  func()
	alarm      func()
	impaired   func() bool               // false: tell it again
	restored   func(restart uint32) bool // the same
	quality    func(poor bool) bool      // the same
}

// voiceConfig is what startVoice needs; the voice owns the keys from then on.
type voiceConfig struct {
	conn    *media.Conn
	keys    *voiceKeys
	encoder audio.Encoder
	decoder audio.Decoder
	audio   Audio
	muted   bool
	bitrate int // of the other side
	observe voiceObserver
}

// startVoice opens the microphone. It is called only when the voice key exists.
func startVoice(cfg voiceConfig) (*voice, error) {
	playout, err := audio.NewPlayout(audio.PlayoutConfig{Decoder: cfg.decoder})
	if err != nil {
		return nil, err
	}
	if cfg.audio.Source == nil {
		cfg.audio.Source = audio.NewSilence()
	}
	ctx, stop := context.WithCancel(context.Background())
	v := &voice{
		conn: cfg.conn, encoder: cfg.encoder, playout: playout, audio: cfg.audio, observe: cfg.observe, stop: stop,
		captured: make(chan []int16, 1), recycled: make(chan []int16, 3),
		keys: cfg.keys,
		live: live{codec: quality.Opus(cfg.bitrate, true)},
	}
	if cfg.muted {
		v.mute(true)
	}
	now := time.Now().UnixNano()
	v.lastAuthentic.Store(now)
	v.lastArrival.Store(now)
	for range cap(v.recycled) {
		v.recycled <- make([]int16, audio.FrameSamples)
	}
	v.wg.Go(func() { v.captureLoop(ctx) })
	v.wg.Go(func() { v.sendLoop(ctx) })
	v.wg.Go(v.receiveLoop)
	v.wg.Go(func() { v.playLoop(ctx) })
	v.wg.Go(func() { v.watchLoop(ctx) })
	return v, nil
}

// close ends the loops, waits for them and wipes the keys. The media connection must be closed by then or
// receiveLoop would go on reading; the caller closes it first.
func (v *voice) close() {
	v.stop()
	v.wg.Wait()
	v.keys.close()
}

// mute sends silence from the next frame on, and says so.
func (v *voice) mute(on bool) {
	v.muted.Store(on)
	v.say(sframe.Control{Kind: sframe.ControlMute, Muted: on}, muteFrames)
}

// count adds the voice's counters to s.
func (v *voice) count(s *Stats) {
	s.FramesSent, s.FramesReceived = v.sent.Load(), v.received.Load()
	s.FramesUnauthentic, s.FramesLate = v.unauthentic.Load(), v.late.Load()
	if expected := v.expected.Load(); expected > s.FramesReceived {
		s.FramesLost = expected - s.FramesReceived
	}
	played := v.playout.Stats()
	s.FramesConcealed = played.Concealed
	s.Inbound = inboundOf(s.FramesReceived, s.FramesLost, played)
	v.live.fill(s, played)
}

// say puts c into the next frames; frames < 0 repeats it until cancel.
func (v *voice) say(c sframe.Control, frames int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.controls {
		if v.controls[i].Kind == c.Kind {
			v.controls[i] = control{c, frames}
			return
		}
	}
	if len(v.controls) < maxControls {
		v.controls = append(v.controls, control{c, frames})
	}
}

// takeControls appends what the next frame carries to dst.
func (v *voice) takeControls(dst []sframe.Control) []sframe.Control {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept := v.controls[:0]
	for _, c := range v.controls {
		dst = append(dst, c.Control)
		if c.frames > 0 {
			c.frames--
		}
		if c.frames != 0 {
			kept = append(kept, c)
		}
	}
	v.controls = kept
	return dst
}

// captureLoop reads the Source, which may block for as long as a microphone needs for a frame.
func (v *voice) captureLoop(ctx context.Context) {
	for {
		var pcm []int16
		select {
		case pcm = <-v.recycled:
		case <-ctx.Done():
			return
		}
		if err := v.audio.Source.ReadFrame(pcm); err != nil {
			if errors.Is(err, io.EOF) {
				v.observe.sourceEnd()
			}
			return // sendLoop goes on with silence: the wire must not tell
		}
		select {
		case v.captured <- pcm:
		case <-ctx.Done():
			return
		}
	}
}

// sendLoop sends one frame every 20 ms, whatever happens: voice, silence while muted, silence when the Source is late.
func (v *voice) sendLoop(ctx context.Context) {
	var (
		silence  = make([]int16, audio.FrameSamples)
		opus     = make([]byte, maxOpusBytes)
		frame    = make([]byte, 0, maxFrameBytes)
		controls = make([]sframe.Control, 0, maxControls)
	)
	for pace := newPace(); pace.wait(ctx); {
		if pace.late {
			v.late.Add(1)
		}
		pcm := silence
		select {
		case captured := <-v.captured:
			if v.muted.Load() {
				clear(captured)
			}
			pcm = captured
		default:
		}
		n, err := v.encoder.Encode(pcm, opus)
		if &pcm[0] != &silence[0] {
			clear(pcm)
			v.recycled <- pcm
		}
		if err != nil {
			n = 0 // an empty payload in a full-size frame: the receiver conceals it, the wire sees nothing
		}
		controls = v.takeControls(controls[:0])
		frame, err = v.keys.seal(frame[:0], time.Now(), opus[:n], controls)
		if errors.Is(err, sframe.ErrTooLarge) {
			frame, err = v.keys.seal(frame[:0], time.Now(), nil, controls)
		}
		if err != nil {
			return // no key, no voice; the other side notices dead air and the call ends
		}
		if v.conn.WriteFrame(frame) == nil {
			v.sent.Add(1)
		}
	}
}

// receiveLoop ends when the media connection is closed.
func (v *voice) receiveLoop() {
	var (
		span  uint64 // frames from the first to the newest
		first = true
		last  uint16 // the newest
	)
	buf := make([]byte, maxFrameBytes)
	opus := make([]byte, 0, maxFrameBytes)
	for {
		n, seq, err := v.conn.ReadFrame(buf)
		if err != nil {
			return
		}
		now := time.Now()
		v.lastArrival.Store(now.UnixNano())
		payload, controls, err := v.keys.open(opus[:0], now, buf[:n])
		if err != nil {
			v.unauthentic.Add(1)
			continue
		}
		v.lastAuthentic.Store(now.UnixNano())
		v.received.Add(1)
		if ahead := int16(seq - last); first || ahead > 0 {
			if first {
				ahead = 1
			}
			span, last, first = span+uint64(ahead), seq, false
			v.expected.Store(span)
		}
		if len(payload) > 0 {
			v.playout.Push(audio.Packet{Frame: seq, Opus: payload}, now)
		}
		for _, c := range controls {
			v.observe.control(c)
		}
	}
}

// playLoop plays one frame every 20 ms and raises the alarm when what arrives is not from the other side.
func (v *voice) playLoop(ctx context.Context) {
	pcm := make([]int16, audio.FrameSamples)
	first := true
	for pace := newPace(); pace.wait(ctx); {
		now := time.Now()
		played := v.playout.Pull(pcm, now)
		if v.lastArrival.Load()-v.lastAuthentic.Load() > int64(alarmAfter) {
			clear(pcm)
			if v.alarmed.CompareAndSwap(false, true) {
				v.observe.alarm()
			}
			continue
		}
		v.alarmed.Store(false)
		if first && played {
			first = false
			v.observe.firstVoice(now)
		}
		if !first && v.audio.Sink != nil && v.audio.Sink.WriteFrame(pcm) != nil {
			v.audio.Sink = nil // a full disk or a lost speaker does not end the call
		}
	}
}
