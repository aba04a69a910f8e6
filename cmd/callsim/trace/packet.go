package trace

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// Packet is one packet with one frame of speech. Packets are in the order of their frames, none is left out.
type Packet struct {
	Sent    time.Duration // since the beginning of the run
	Arrived time.Duration // if Lost is none
	Lost    Hop
	Bytes   int // of UDP payload
	Speech  Speech
}

// Hop is where a packet was lost.
type Hop uint8

// The hops.
const (
	None      Hop = iota // it arrived
	Network              // an access link, or what is between
	Relay                // it reached the relay and did not leave it
	Generator            // the simulator did not send it, or its own socket dropped it
)

// Speech says whether the side spoke.
type Speech uint8

// What is known of it.
const (
	Unknown Speech = iota
	Silent
	Spoken
)

// Config is how a trace is scored. The zero value scores Opus at 32 kbit/s, constant, one frame of 20 ms a packet, without
// error correction, in the buffer of the phone.
type Config struct {
	Codec  quality.Codec
	Buffer string // see Buffers; empty: phone
	// Copies is in how many packets after its own a frame is repeated: 1 for in-band FEC or RED.
	Copies int
	// DRED is how far back a packet describes speech.
	DRED time.Duration
	// Group is how many frames share a packet: 2 for a ptime of 40 ms. Such a frame is sent when the last of them is full.
	Group int
	// Device is the delay of microphone and speaker.
	Device time.Duration
	// Detail keeps the packets in the result.
	Detail bool
}

const (
	defaultBitrate  = 32000
	frame           = audio.FrameDuration
	samplesPerFrame = audio.FrameSamples
)

func (c Config) withDefaults() Config {
	if c.Codec.Scale == 0 {
		c.Codec = quality.Opus(defaultBitrate, true)
	}
	if c.Buffer == "" {
		c.Buffer = "phone"
	}
	c.Group = max(1, c.Group)
	c.Copies = max(c.Copies, int(c.DRED/frame))
	return c
}

// grouped is packets as they would have been with Group frames in each.
func (c Config) grouped(packets []Packet) []Packet {
	if c.Group == 1 {
		return packets
	}
	all := make([]Packet, len(packets))
	for i := range packets {
		last := min(len(packets)-1, i/c.Group*c.Group+c.Group-1)
		all[i] = packets[last]
		all[i].Sent = packets[i].Sent // of the frame: it waits for the others
		all[i].Speech = packets[i].Speech
	}
	return all
}

// FromTrace takes the packets out of a result.
func FromTrace(t *result.Trace) []Packet {
	if t == nil {
		return nil
	}
	packets := make([]Packet, min(len(t.Sent), len(t.Delay), len(t.Bytes), len(t.Fates)))
	for i := range packets {
		p := &packets[i]
		p.Sent = t.First.Duration() + time.Duration(t.Sent[i])*time.Microsecond
		p.Arrived = p.Sent + time.Duration(t.Delay[i])*time.Microsecond
		p.Bytes = t.Bytes[i]
		if t.Delay[i] < 0 {
			switch fate, _ := result.Fate(t.Fates[i]).Split(); fate {
			case result.FateRelay:
				p.Lost = Relay
			case result.FateGenerator:
				p.Lost = Generator
			default:
				p.Lost = Network
			}
		}
		if i < len(t.Speech) {
			p.Speech = Silent
			if t.Speech[i] == '1' {
				p.Speech = Spoken
			}
		}
	}
	return packets
}

// detail puts packets and what became of them into a result.
func detail(packets []Packet, o outcome) *result.Trace {
	if len(packets) == 0 {
		return nil
	}
	first := packets[0].Sent.Truncate(time.Microsecond)
	t := &result.Trace{First: result.Millis(first)}
	fates, speech, known := make([]byte, len(packets)), make([]byte, len(packets)), false
	for i, p := range packets {
		delay, played := -1, -1
		if p.Lost == None {
			delay = int((p.Arrived - p.Sent) / time.Microsecond)
		}
		if o.played[i] >= 0 {
			played = int((o.played[i] - p.Sent) / time.Microsecond)
		}
		t.Sent = append(t.Sent, int((p.Sent-first)/time.Microsecond))
		t.Delay, t.Bytes, t.Played = append(t.Delay, delay), append(t.Bytes, p.Bytes), append(t.Played, played)
		fates[i] = byte(o.fate(packets, i))
		speech[i] = '0'
		if p.Speech == Spoken {
			speech[i] = '1'
		}
		known = known || p.Speech != Unknown
	}
	t.Fates = string(fates)
	if known {
		t.Speech = string(speech)
	}
	return t
}
