package calls

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/calls/sframe"
)

// startVoice opens the microphone: both humans have agreed and the voice key exists.
func (c *Call) startVoice() error {
	encoder, err := c.phone.cfg.NewEncoder()
	if err != nil {
		return err
	}
	decoder, err := c.phone.cfg.NewDecoder()
	if err != nil {
		return err
	}
	out, in := seal.CallerToCallee, seal.CalleeToCaller
	profile := c.profile
	if c.machine.Role() == callstate.Callee {
		out, in = in, out
		profile = c.callee.Offer().Media
	}
	bucket := int(profile.BucketBytes)
	keys := newVoiceKeys(out, in, bucket, voiceRoot{root: c.root})
	for _, r := range c.roots {
		keys.renew(r)
		r.root.Wipe()
	}
	c.roots = nil
	v, err := startVoice(voiceConfig{
		conn:    c.ready.conn,
		keys:    keys,
		encoder: encoder,
		decoder: decoder,
		audio:   c.audio,
		muted:   c.muted.Load(),
		bitrate: int(profile.Bitrate),
		observe: voiceObserver{
			control:    func(control sframe.Control) { c.notice(func() { c.heard(control) }) },
			firstVoice: func(at time.Time) { c.notice(func() { c.firstVoice(at) }) },
			sourceEnd:  func() { c.notice(func() { c.emit(Event{Kind: EventSourceEnded, State: StateTalking}) }) },
			alarm:      func() { c.notice(func() { c.emit(Event{Kind: EventVoiceAlarm, State: StateTalking}) }) },
			impaired:   func() bool { return c.notice(c.impaired) },
			restored:   func(restart uint32) bool { return c.notice(func() { c.restored(restart) }) },
			quality: func(poor bool) bool {
				return c.notice(func() { c.emit(Event{Kind: EventQuality, State: StateTalking, Poor: poor}) })
			},
		},
	})
	if err != nil {
		keys.close()
		return err
	}
	c.root.Wipe()
	c.voice = v
	c.talking.Store(v)
	c.mark(func(t *Times) { t.Talking = time.Now() })
	c.setState(StateTalking)
	return nil
}

// stopMedia closes the path, which ends the voice's reading, and then the voice. Its counters stay readable.
func (c *Call) stopMedia() {
	if c.ready.conn != nil {
		_ = c.ready.conn.Close()
	}
	if c.voice != nil {
		c.voice.close()
		c.voice = nil
	}
}

func (c *Call) firstVoice(at time.Time) {
	c.mark(func(t *Times) { t.FirstVoice = at })
	c.emit(Event{Kind: EventFirstVoice, State: StateTalking})
}

// heard is a control that came inside a voice frame; each comes several times.
func (c *Call) heard(control sframe.Control) {
	switch control.Kind {
	case sframe.ControlMute:
		if control.Muted != c.muting {
			c.muting = control.Muted
			c.emit(Event{Kind: EventPeerMuted, State: StateTalking, Muted: control.Muted})
		}
	case sframe.ControlHangup:
		c.step(callstate.InCallHangup{Reason: seal.HangupReason(control.Reason)})
	case sframe.ControlHangupAck:
		c.step(callstate.InCallHangupAcked{})
	}
}

// say puts a control into the next voice frames.
func (c *Call) say(control sframe.Control, frames int) {
	if c.voice != nil {
		c.voice.say(control, frames)
	}
}

// Stats counts what happened in a call. Nothing in it names anybody.
type Stats struct {
	FramesSent        uint64        `json:"frames_sent"`
	FramesReceived    uint64        `json:"frames_received"`    // authentic
	FramesLost        uint64        `json:"frames_lost"`        // missing between the first and the last that arrived
	FramesUnauthentic uint64        `json:"frames_unauthentic"` // dropped
	FramesConcealed   uint64        `json:"frames_concealed"`   // played, but made up
	FramesLate        uint64        `json:"frames_late"`        // sent more than a frame after their time
	EventsMissed      uint64        `json:"events_missed"`      // because the app did not read them
	Restarts          uint64        `json:"restarts"`           // new keys, and paths if there was need
	Inbound           Inbound       `json:"inbound"`
	RemoteInbound     RemoteInbound `json:"remote_inbound"`
	Quality           *Quality      `json:"quality,omitempty"`     // of the whole call; nil before the first voice
	QualityNow        *Quality      `json:"quality_now,omitempty"` // of the last three seconds of it
}

// LostRatio is from 0 to 1.
func (s Stats) LostRatio() float64 {
	if s.FramesReceived+s.FramesLost == 0 {
		return 0
	}
	return float64(s.FramesLost) / float64(s.FramesReceived+s.FramesLost)
}

// Stats may be called at any time, also after the end.
func (c *Call) Stats() Stats {
	s := Stats{EventsMissed: c.missed.Load(), Restarts: c.restarts.Load()}
	if v := c.talking.Load(); v != nil {
		v.count(&s)
	}
	return s
}
