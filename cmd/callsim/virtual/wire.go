package virtual

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/netsim"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
	"github.com/taciturn-voice/taciturn/cmd/callsim/trace"
)

// wire watches the network of one call.
type wire struct {
	hosts [2]*netsim.Host // of caller and callee
	start time.Time       // of the run

	// Guarded by mu.
	mu        sync.Mutex
	voice     [2]voice // by who spoke
	sides     map[uint32]int
	allocated [2]time.Time
	secured   [2]time.Time // the first record of DTLS left
}

// voice is the packets of one side.
type voice struct {
	begun   bool
	first   int // number of packets[0]
	last    int // the newest number
	packets []voicePacket
}

type voicePacket struct {
	sent, arrived time.Time // zero: it was never sent, it has not arrived
	bytes         int
	relayed       bool // it reached the relay
	lost          bool // by the network
	dropped       bool // for want of room in a socket
}

// What begins the payloads that are looked for.
const (
	allocateSuccess = 0x0103 // STUN, RFC 8656 section 18.1
	dtlsHandshake   = 22     // content type, RFC 9147
	rtpVersion      = 2
	rtpHeader       = 12
	opusType        = 111
)

func (w *wire) side(h *netsim.Host) (int, bool) {
	for i, own := range w.hosts {
		if h != nil && h == own {
			return i, true
		}
	}
	return 0, false
}

// see is a netsim.Watch.
func (w *wire) see(s netsim.Sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, up := w.side(s.Sender)
	to, down := w.side(s.Receiver)
	if down && s.Fate == netsim.Delivered && len(s.Payload) > 2 && binary.BigEndian.Uint16(s.Payload) == allocateSuccess {
		w.firstLocked(&w.allocated[to])
	}
	inner := netsim.Relayed(s.Payload)
	switch {
	case inner == nil:
	case up && len(inner) > 0 && inner[0] == dtlsHandshake:
		w.firstLocked(&w.secured[from])
	case len(inner) > rtpHeader && inner[0]>>6 == rtpVersion && inner[1]&0x7f == opusType:
		w.voiceLocked(s, from, up, down, inner)
	}
}

func (w *wire) firstLocked(at *time.Time) {
	if at.IsZero() {
		*at = time.Now()
	}
}

// voiceLocked notes what became of a voice packet, on its way to the relay or from it.
func (w *wire) voiceLocked(s netsim.Sight, from int, up, down bool, inner []byte) {
	number, source := binary.BigEndian.Uint16(inner[2:]), binary.BigEndian.Uint32(inner[8:])
	if up {
		w.sides[source] = from
	}
	side, known := w.sides[source]
	if !known {
		return
	}
	p := w.voice[side].packet(number)
	if p == nil {
		return
	}
	if up && p.sent.IsZero() {
		p.sent, p.bytes = s.Sent, len(s.Payload)
	}
	switch s.Fate {
	case netsim.Delivered:
		if up {
			p.relayed = true
		} else if down && p.arrived.IsZero() {
			p.arrived = time.Now()
		}
	case netsim.Overrun:
		p.dropped = true
	default:
		p.lost = true
	}
}

// mostSkipped bounds a jump of the sequence number; more is none.
const mostSkipped = 3000

// packet finds a packet by its sequence number, which wraps.
func (v *voice) packet(number uint16) *voicePacket {
	if !v.begun {
		v.begun, v.first, v.last = true, int(number), int(number)
	}
	n := v.last + int(int16(number-uint16(v.last)))
	if n < v.first || n > v.last+mostSkipped {
		return nil
	}
	for len(v.packets) <= n-v.first {
		v.packets = append(v.packets, voicePacket{})
	}
	v.last = max(v.last, n)
	return &v.packets[n-v.first]
}

// since is a time in the run.
func (w *wire) since(at time.Time) result.Millis { return result.Since(w.start, at) }

// settling is how long before the hang-up what does not arrive says nothing: it was on its way.
const settling = time.Second

// packets are those of a side between the first that was heard and the hang-up: before, the other side had no keys, and after
// it nobody listens.
func (w *wire) packets(side int, until time.Time) (all []trace.Packet) {
	for _, p := range w.voice[side].packets {
		if p.sent.IsZero() || !p.sent.Before(until) || (len(all) == 0 && p.arrived.IsZero()) {
			continue
		}
		t := trace.Packet{Sent: p.sent.Sub(w.start), Bytes: p.bytes}
		switch {
		case !p.arrived.IsZero():
			t.Arrived = p.arrived.Sub(w.start)
		case p.dropped:
			t.Lost = trace.Generator
		case p.lost:
			t.Lost = trace.Network
		case p.sent.After(until.Add(-settling)):
			continue
		case p.relayed:
			t.Lost = trace.Relay
		default:
			t.Lost = trace.Network
		}
		all = append(all, t)
	}
	return all
}

// heardAgain is how long after a moment each side needed to hear something that was said after it, at most. Not ok: one never did.
func (w *wire) heardAgain(at time.Time) (took time.Duration, ok bool) {
	for side := range w.voice {
		again := false
		for _, p := range w.voice[side].packets {
			if !p.sent.Before(at) && !p.arrived.IsZero() {
				took, again = max(took, p.arrived.Sub(at)), true
				break
			}
		}
		if !again {
			return 0, false
		}
	}
	return took, true
}

// arrived is when the first packet of a side was heard.
func (w *wire) arrived(side int) time.Time {
	for _, p := range w.voice[side].packets {
		if !p.arrived.IsZero() {
			return p.arrived
		}
	}
	return time.Time{}
}
