package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/calls/audio"
)

// Buffers says how playout models are named.
const Buffers = "phone, neteq, fixed:60ms or oracle"

// outcome is what a playout model made of the packets.
type outcome struct {
	played    []time.Duration // when each frame was played or, recovered, in its place; -1: it was not
	recovered []bool
	concealed int // frames made up between the first and the last played
	removed   int // samples cut out to catch up
	inserted  int // samples added to wait
}

func newOutcome(n int) outcome {
	o := outcome{played: make([]time.Duration, n), recovered: make([]bool, n)}
	for i := range o.played {
		o.played[i] = -1
	}
	return o
}

// model plays packets.
type model func(packets []Packet, cfg Config) outcome

// parseBuffer finds a model by its name.
func parseBuffer(name string) (model, error) {
	switch kind, value, has := strings.Cut(name, ":"); {
	case kind == "fixed" && has:
		wait, err := parseDelay(value)
		if err != nil {
			return nil, err
		}
		return func(p []Packet, c Config) outcome { return playFixed(p, c, wait) }, nil
	case has:
	case kind == "phone":
		return playPhone, nil
	case kind == "neteq":
		return playNetEQ, nil
	case kind == "oracle":
		return playOracle, nil
	}
	return nil, fmt.Errorf("trace: there is no jitter buffer %q: say %s", name, Buffers)
}

// parseDelay reads 60ms, or 60 for the same.
func parseDelay(text string) (time.Duration, error) {
	if strings.Trim(text, "0123456789") == "" {
		text += "ms"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 2*time.Second {
		return 0, fmt.Errorf("trace: a delay of %q is not between 0 and 2s", text)
	}
	return d, nil
}

// carrier is when frame i is there at the latest by deadline, itself or as a copy; copied says which.
func carrier(packets []Packet, cfg Config, i int, deadline time.Duration) (at time.Duration, copied, ok bool) {
	if p := packets[i]; p.Lost == None && p.Arrived <= deadline {
		return p.Arrived, false, true
	}
	for k := i + 1; k <= i+cfg.Copies && k < len(packets); k++ {
		if p := packets[k]; p.Lost == None && p.Arrived <= deadline {
			return p.Arrived, true, true
		}
	}
	return 0, false, false
}

// byArrival lists those that arrive, in that order.
func byArrival(packets []Packet) []int {
	var order []int
	for i := range packets {
		if packets[i].Lost == None {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(packets[a].Arrived, packets[b].Arrived) })
	return order
}

// playFixed plays at a constant time after speaking.
func playFixed(packets []Packet, cfg Config, wait time.Duration) outcome {
	o := newOutcome(len(packets))
	order := byArrival(packets)
	if len(order) == 0 {
		return o
	}
	first := packets[order[0]]
	delay := first.Arrived - first.Sent + wait
	for i := range packets {
		at := packets[i].Sent + delay
		_, copied, ok := carrier(packets, cfg, i, at)
		if ok {
			o.played[i], o.recovered[i] = at, copied
		}
	}
	o.concealed = o.missing()
	return o
}

// playOracle plays each frame when it comes.
func playOracle(packets []Packet, cfg Config) outcome {
	o := newOutcome(len(packets))
	for i := range packets {
		if at, copied, ok := carrier(packets, cfg, i, 1<<62); ok {
			o.played[i], o.recovered[i] = at, copied
		}
	}
	o.concealed = o.missing()
	return o
}

// missing is how many frames between the first and the last played were not.
func (o outcome) missing() (n int) {
	first, last := o.span()
	for i := first; i < last; i++ {
		if o.played[i] < 0 {
			n++
		}
	}
	return n
}

// span is from the first frame played to behind the last.
func (o outcome) span() (first, last int) {
	first = len(o.played)
	for i, at := range o.played {
		if at >= 0 {
			first, last = min(first, i), i+1
		}
	}
	return min(first, last), last
}

// playPhone drives the phone's own buffer. What it decodes is the number of a frame.
func playPhone(packets []Packet, cfg Config) outcome {
	o := newOutcome(len(packets))
	d := &numberDecoder{copies: cfg.Copies}
	p, err := audio.NewPlayout(audio.PlayoutConfig{Decoder: d})
	order := byArrival(packets)
	if err != nil || len(order) == 0 {
		return o
	}
	epoch := time.Unix(0, 0)
	pcm := make([]int16, samplesPerFrame)
	now := packets[order[0]].Arrived
	end := packets[order[len(order)-1]].Arrived + time.Second
	for ; now <= end; now += frame {
		for len(order) > 0 && packets[order[0]].Arrived <= now {
			i := order[0]
			p.Push(audio.Packet{Frame: uint16(i), Opus: encodeNumber(i)}, epoch.Add(packets[i].Arrived))
			order = order[1:]
		}
		d.got = d.got[:0]
		p.Pull(pcm, epoch.Add(now))
		for _, got := range d.got {
			if got.frame >= 0 && got.frame < len(packets) {
				o.played[got.frame], o.recovered[got.frame] = now, got.copied
			}
		}
		// What is made up after the last frame is made up for nobody.
		if s := p.Stats(); len(d.got) > 0 {
			o.concealed, o.inserted, o.removed = int(s.Concealed), int(s.InsertedSamples), int(s.RemovedSamples)
		}
	}
	return o
}

// numberDecoder notes which frames are asked for.
type numberDecoder struct {
	copies int
	got    []decoded
}

type decoded struct {
	frame  int
	copied bool
}

func encodeNumber(i int) []byte { return []byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)} }

func decodeNumber(b []byte) int {
	if len(b) != 4 {
		return -1
	}
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}

// Decode notes a frame of its own packet.
func (d *numberDecoder) Decode(opus []byte, _ []int16) error {
	d.got = append(d.got, decoded{decodeNumber(opus), false})
	return nil
}

// DecodeFEC notes the frame before that of the packet.
func (d *numberDecoder) DecodeFEC(opus []byte, _ []int16) error {
	if d.copies == 0 {
		return audio.ErrNoFEC
	}
	d.got = append(d.got, decoded{decodeNumber(opus) - 1, true})
	return nil
}

// Conceal notes nothing.
func (d *numberDecoder) Conceal([]int16) error { return nil }
