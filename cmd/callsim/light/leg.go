package light

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/calls/sframe"
)

const (
	payloadType   = 111
	frameTicks    = 960 // 20 ms at 48 kHz
	rtpHeader     = 12
	beatsPerCheck = int(checkEvery / FrameDuration)

	// sentRing is of how many packets it is remembered when they left: 2.5 s of them. A power of two.
	sentRing = 128

	hangupFrames = 50 // a hang-up is said for a second, unless it is acknowledged
	ackFrames    = 5
)

// leg is one side of a light call from the relay's point of view: an allocation, a channel, ICE, SRTP and SFrame. It is a
// value with a clock handed in; whoever drives it owns it, and the leg of the other side too.
type leg struct {
	// Static after newLeg.
	dir   seal.Direction // of what it sends
	turn  turn
	voice [][]byte // Opus frames, said over and over

	ice   ice
	other *leg
	edge  *edge // nil: the network is what it is

	out, in  *srtp.Context // nil before the keys exist
	sender   *sframe.Sender
	receiver *sframe.Receiver
	header   rtp.Header
	talking  bool
	muted    bool

	beats    int
	sentAt   [sentRing]uint32
	sentMost time.Duration
	lastSent time.Duration
	sent     uint64
	unsent   uint64 // the socket refused them

	traced  bool
	flights []Flight

	heard    reception
	hearing  time.Duration // first authentic frame, zero: none yet
	pathUp   time.Duration
	controls []sframe.Control
	saying   int  // frames that still carry controls
	hungUp   bool // the other side has said so, or acknowledged it

	// Told once each, by whoever drives; they must not block.
	onPath, onVoice, onHangup func(at time.Duration)
}

func newLeg(dir seal.Direction, voice [][]byte) *leg {
	var b [26]byte
	_, _ = rand.Read(b[:]) // does not fail
	l := &leg{dir: dir, voice: voice}
	l.header = rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: binary.BigEndian.Uint16(b[0:]),
		Timestamp: binary.BigEndian.Uint32(b[2:]), SSRC: binary.BigEndian.Uint32(b[6:]) | 1}
	l.ice = ice{controlling: dir == seal.CallerToCallee, tie: binary.BigEndian.Uint64(b[10:]), localUfrag: iceText(8), localPwd: iceText(24)}
	return l
}

const iceAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// iceText is n random characters of ICE (RFC 8839 section 5.4).
func iceText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = iceAlphabet[b[i]&63]
	}
	return string(b)
}

// key begins to talk: both humans have agreed. root is cloned.
func (l *leg) key(root *seal.MediaRoot, bucket int) (err error) {
	back := seal.CalleeToCaller - l.dir
	if l.out, err = srtpContext(root, l.dir, false); err != nil {
		return err
	}
	if l.in, err = srtpContext(root, back, true); err != nil {
		return err
	}
	l.sender = sframe.NewSender(sframe.SenderConfig{Root: root.Clone(), Direction: uint8(l.dir), BucketBytes: bucket})
	l.receiver = sframe.NewReceiver(sframe.ReceiverConfig{Root: root.Clone(), Direction: uint8(back), BucketBytes: bucket})
	return nil
}

// close wipes the keys.
func (l *leg) close() {
	l.talking = false
	if l.sender != nil {
		l.sender.Close()
		l.receiver.Close()
	}
}

// scratch is what legs that are driven by one thread share.
type scratch struct {
	packet [maxDatagram]byte
	plain  [maxDatagram]byte
	opus   [maxDatagram]byte
	header rtp.Header
}

// beat is called every 20 ms: it sends a voice frame, and what relay and peer expect from time to time.
func (l *leg) beat(now time.Time, at time.Duration, s *scratch, send func([]byte) bool) {
	if l.talking && l.sender != nil {
		if p, err := l.frame(now, at, s); err == nil {
			if send(p) {
				l.sent++
			} else {
				l.unsent++
			}
		}
	}
	if l.beats++; l.beats%beatsPerCheck == 0 || !l.ice.ready() {
		if p := l.ice.check(now); p != nil {
			send(l.channelData(s, p))
		}
		l.turn.refresh(now, func(p []byte) { send(p) })
	}
}

// frame is the next voice packet, in s.
func (l *leg) frame(now time.Time, at time.Duration, s *scratch) ([]byte, error) {
	l.header.SequenceNumber++
	l.header.Timestamp += frameTicks
	plain := s.packet[channelHeader : channelHeader+rtpHeader]
	if _, err := l.header.MarshalTo(plain); err != nil {
		return nil, err
	}
	var opus []byte
	if len(l.voice) > 0 && !l.muted {
		opus = l.voice[int(l.sent)%len(l.voice)]
	}
	var controls []sframe.Control
	if l.saying > 0 {
		l.saying--
		controls = l.controls
	}
	plain, err := l.sender.Seal(plain, now, opus, controls)
	if err != nil {
		return nil, err
	}
	sealed, err := l.out.EncryptRTP(s.packet[channelHeader:channelHeader], plain, &l.header)
	if err != nil {
		return nil, err
	}
	l.sentAt[l.header.SequenceNumber%sentRing] = micros(at)
	if l.traced {
		l.flights = append(l.flights, Flight{Sent: at, Arrived: -1})
	}
	if l.lastSent > 0 {
		l.sentMost = max(l.sentMost, at-l.lastSent)
	}
	l.lastSent = at
	return l.wrap(s, len(sealed)), nil
}

// channelData wraps p for the peer.
func (l *leg) channelData(s *scratch, p []byte) []byte {
	return l.wrap(s, copy(s.packet[channelHeader:], p))
}

// wrap makes ChannelData of the n bytes that are in s, padded like those of the client library that phones use.
func (l *leg) wrap(s *scratch, n int) []byte {
	binary.BigEndian.PutUint16(s.packet[:], l.turn.channel)
	binary.BigEndian.PutUint16(s.packet[2:], uint16(n))
	end := channelHeader + (n+channelPadding-1)/channelPadding*channelPadding
	clear(s.packet[channelHeader+n : end])
	return s.packet[:end]
}

// micros is at as the ring of sent times has it; it wraps after an hour.
func micros(at time.Duration) uint32 { return uint32(at / time.Microsecond) }

// datagram handles what came from the relay.
func (l *leg) datagram(p []byte, now time.Time, at time.Duration, s *scratch, send func([]byte) bool) {
	if len(p) < channelHeader {
		return
	}
	if first := binary.BigEndian.Uint16(p); first >= firstChannel && first <= lastChannel {
		n := int(binary.BigEndian.Uint16(p[2:]))
		if first == l.turn.channel && channelHeader+n <= len(p) {
			l.fromPeer(p[channelHeader:channelHeader+n], len(p), now, at, s, send)
		}
		return
	}
	m := &stun.Message{Raw: append([]byte(nil), p...)}
	if m.Decode() != nil {
		return
	}
	switch m.Type.Class {
	case stun.ClassSuccessResponse, stun.ClassErrorResponse:
		l.turn.answered(m, now)
	case stun.ClassIndication: // the peer spoke before our channel stood
		if data, err := m.Get(stun.AttrData); err == nil {
			l.fromPeer(data, len(p), now, at, s, send)
		}
	}
}

// fromPeer handles what the other side sent.
func (l *leg) fromPeer(p []byte, size int, now time.Time, at time.Duration, s *scratch, send func([]byte) bool) {
	switch {
	case len(p) < rtpHeader:
	case p[0] < 4:
		was := l.ice.ready()
		if answer := l.ice.packet(p, l.turn.peer, now); answer != nil {
			send(l.channelData(s, answer))
		}
		if !l.ice.nominated || !l.ice.ready() {
			if p := l.ice.check(now); p != nil {
				send(l.channelData(s, p))
			}
		}
		if !was && l.ice.ready() {
			l.pathUp = at
			if l.onPath != nil {
				l.onPath(at)
			}
		}
	case p[0] >= 128 && p[0] < 192 && l.in != nil:
		l.rtp(p, size, now, at, s)
	}
}

// rtp handles a voice packet.
func (l *leg) rtp(p []byte, size int, now time.Time, at time.Duration, s *scratch) {
	plain, err := l.in.DecryptRTP(s.plain[:0], p, &s.header)
	if err != nil {
		l.heard.Unauthentic++ // or came twice: SRTP does not say
		return
	}
	opus, controls, err := l.receiver.Open(s.opus[:0], now, plain[rtpHeader:])
	if err != nil {
		l.heard.Unauthentic++
		return
	}
	clear(opus)
	sent := time.Duration(-1)
	if l.other != nil {
		sent = age(micros(at), l.other.sentAt[s.header.SequenceNumber%sentRing], at)
	}
	if l.other != nil && l.other.traced {
		behind := int(l.other.header.SequenceNumber - s.header.SequenceNumber)
		if i := len(l.other.flights) - 1 - behind; i >= 0 && i < len(l.other.flights) && l.other.flights[i].Arrived < 0 {
			l.other.flights[i].Arrived = at
		}
	}
	l.heard.arrived(s.header.SequenceNumber, sent, at, size)
	if l.hearing == 0 {
		l.hearing = at
		if l.onVoice != nil {
			l.onVoice(at)
		}
	}
	for _, c := range controls {
		l.control(c, at)
	}
}

// age is when a packet left of which the low bits of the time are known.
func age(now, sent uint32, at time.Duration) time.Duration {
	return at - at%time.Microsecond - time.Duration(now-sent)*time.Microsecond
}

// control is what the other phone says inside a frame.
func (l *leg) control(c sframe.Control, at time.Duration) {
	switch c.Kind {
	case sframe.ControlHangup:
		if !l.hungUp {
			l.say(sframe.Control{Kind: sframe.ControlHangupAck}, ackFrames)
		}
	case sframe.ControlHangupAck:
		l.saying = 0
	default:
		return
	}
	if !l.hungUp {
		l.hungUp = true
		if l.onHangup != nil {
			l.onHangup(at)
		}
	}
}

// say puts c into the next frames.
func (l *leg) say(c sframe.Control, frames int) {
	l.controls, l.saying = append(l.controls[:0], c), frames
}

// sum is how this side heard the other.
func (l *leg) sum() Reception {
	r := l.heard.sum()
	if l.other != nil {
		r.SpacingMost = l.other.sentMost
	}
	return r
}
