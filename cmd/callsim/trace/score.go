package trace

import (
	"math"
	"time"

	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// Score is what the side opposite to from heard.
func Score(cfg Config, from result.Side, packets []Packet) (result.Direction, error) {
	cfg = cfg.withDefaults()
	play, err := parseBuffer(cfg.Buffer)
	if err != nil {
		return result.Direction{}, err
	}
	packets = cfg.grouped(packets)
	o := play(packets, cfg)
	d := result.Direction{From: from}
	d.Frames = o.frames(packets)
	d.Stats = o.stats(packets, d.Frames)
	oneWay, mouth := result.NewRecorder(result.UnitMillis), result.NewRecorder(result.UnitMillis)
	var delay time.Duration
	heard := 0
	for i, p := range packets {
		if p.Lost == None {
			oneWay.RecordMillis(result.Millis(p.Arrived - p.Sent))
		}
		if o.played[i] >= 0 {
			m := quality.MouthToEar(o.played[i]-p.Sent, 0, cfg.Device)
			mouth.RecordMillis(result.Millis(m))
			delay += m
			heard++
		}
	}
	if heard > 0 {
		delay /= time.Duration(heard)
	}
	d.OneWay, d.MouthToEar = oneWay.Distribution(), mouth.Distribution()
	d.LongestGap = result.Millis(o.longestGap())
	d.BurstR = round(o.burstRatio())
	d.R, d.MOS, d.Ppl, d.Budget = judge(cfg, d.Frames, o.concealedAt(packets), d.BurstR, delay)
	d.Wire = wire(packets)
	d.Seconds = o.seconds(cfg, packets)
	if cfg.Detail {
		d.Trace = detail(packets, o)
	}
	return d, nil
}

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// fate is what became of frame i.
func (o outcome) fate(packets []Packet, i int) result.Fate {
	f := result.FateLate
	switch {
	case o.played[i] >= 0 && !o.recovered[i]:
		return result.FatePlayed
	case packets[i].Lost == Network:
		f = result.FateNetwork
	case packets[i].Lost == Relay:
		f = result.FateRelay
	case packets[i].Lost == Generator:
		f = result.FateGenerator
	}
	if o.recovered[i] {
		f = f.Recovered()
	}
	return f
}

// frames counts. All that were sent were due: what came before the first that was played is lost like any other.
func (o outcome) frames(packets []Packet) (f result.Frames) {
	for i := range packets {
		lost := o.played[i] < 0
		switch {
		case o.recovered[i]:
			f.Recovered++
			lost = true
		case !lost:
			f.Played++
		}
		if lost {
			addLost(&f, packets[i].Lost)
		}
	}
	stretched := max(0, o.concealed-o.missing()) // made up while it waited
	f.Late += stretched
	f.Due = f.Played + f.Lost()
	f.Concealed = f.Lost() - f.Recovered
	return f
}

func addLost(f *result.Frames, h Hop) {
	switch h {
	case Network:
		f.Network++
	case Relay:
		f.Relay++
	case Generator:
		f.Generator++
	default:
		f.Late++
	}
}

// concealedAt counts only what was not recovered.
func (o outcome) concealedAt(packets []Packet) (f result.Frames) {
	for i := range packets {
		if o.played[i] < 0 {
			addLost(&f, packets[i].Lost)
		}
	}
	f.Late += max(0, o.concealed-o.missing())
	return f
}

func (o outcome) burstRatio() float64 {
	lost, bursts, before := 0, 0, false
	for _, at := range o.played {
		now := at < 0
		if now {
			lost++
			if !before {
				bursts++
			}
		}
		before = now
	}
	return quality.BurstRatio(len(o.played), lost, bursts)
}

// longestGap is the longest time without a frame of the other side: from the end of one to the beginning of the next.
func (o outcome) longestGap() (longest time.Duration) {
	last := time.Duration(-1)
	for _, at := range o.played {
		if at < 0 {
			continue
		}
		if last >= 0 {
			longest = max(longest, at-last-frame)
		}
		last = max(last, at)
	}
	return longest
}

// judge asks the E-model, and says which hop cost what.
func judge(cfg Config, f, concealed result.Frames, burst float64, delay time.Duration) (r, mos, ppl float64, b result.Budget) {
	loss := 0.0
	if f.Due > 0 {
		loss = float64(f.Concealed) / float64(f.Due)
	}
	e := quality.Judge(quality.Measured{Codec: cfg.Codec, Delay: delay, Loss: loss, BurstRatio: burst})
	b = result.Budget{Codec: round(e.Lost.Codec), Delay: round(e.Lost.Delay)}
	parts := quality.Share(e.Lost.Loss, float64(concealed.Network), float64(concealed.Late), float64(concealed.Relay), float64(concealed.Generator))
	if parts != nil {
		b.Network, b.Late, b.Relay, b.Generator = round(parts[0]), round(parts[1]), round(parts[2]), round(parts[3])
	}
	return round(e.R), round(e.MOS), round(100 * loss), b
}

// stats are those that follow from packets. Times are seconds, as in webrtc-stats.
func (o outcome) stats(packets []Packet, f result.Frames) result.Stats {
	s := result.Stats{
		PacketsSent:          uint64(len(packets)),
		FECPacketsReceived:   uint64(f.Recovered),
		ConcealedSamples:     uint64(f.Concealed) * samplesPerFrame,
		TotalSamplesReceived: uint64(f.Due) * samplesPerFrame,
		InsertedSamples:      uint64(o.inserted), RemovedSamples: uint64(o.removed),
	}
	var jitter, before float64
	first, concealing := true, false
	for i, p := range packets {
		s.BytesSent += uint64(p.Bytes)
		if gone := o.played[i] < 0; gone && !concealing {
			s.ConcealmentEvents++
			concealing = true
		} else if !gone {
			concealing = false
		}
		if o.played[i] >= 0 && p.Lost == None {
			s.JitterBufferDelay += (o.played[i] - p.Arrived).Seconds() * samplesPerFrame
			s.JitterBufferEmittedCount += samplesPerFrame
		}
		if p.Lost != None {
			s.PacketsLost++
			continue
		}
		s.PacketsReceived++
		s.BytesReceived += uint64(p.Bytes)
		if o.played[i] < 0 || o.recovered[i] {
			s.PacketsDiscarded++
		}
		transit := (p.Arrived - p.Sent).Seconds()
		if !first { // RFC 3550 section 6.4.1
			jitter += (math.Abs(transit-before) - jitter) / 16
		}
		before, first = transit, false
	}
	s.Jitter = math.Round(jitter*1e6) / 1e6
	s.JitterBufferDelay = math.Round(s.JitterBufferDelay*1e3) / 1e3
	return s
}

// seconds bins frames by when they were sent.
func (o outcome) seconds(cfg Config, packets []Packet) *result.PerSecond {
	if len(packets) == 0 {
		return nil
	}
	first := int(packets[0].Sent / time.Second)
	s := &result.PerSecond{First: first}
	for from := 0; from < len(packets); {
		second := int(packets[from].Sent / time.Second)
		to := from
		for to < len(packets) && int(packets[to].Sent/time.Second) <= second {
			to++
		}
		for len(s.Due) < second-first {
			appendSecond(s, result.Frames{}, 0) // nothing was sent
		}
		part := outcome{played: o.played[from:to], recovered: o.recovered[from:to]}
		var delay time.Duration
		heard := 0
		for i, at := range part.played {
			if at >= 0 {
				delay += quality.MouthToEar(at-packets[from+i].Sent, 0, cfg.Device)
				heard++
			}
		}
		if heard > 0 {
			delay /= time.Duration(heard)
		}
		f := part.frames(packets[from:to])
		r, _, _, _ := judge(cfg, f, f, 1, delay)
		appendSecond(s, f, max(0, r))
		from = to
	}
	return s
}

func appendSecond(s *result.PerSecond, f result.Frames, r float64) {
	s.Due, s.Network, s.Late = append(s.Due, f.Due), append(s.Network, f.Network), append(s.Late, f.Late)
	s.Relay, s.Generator = append(s.Relay, f.Relay), append(s.Generator, f.Generator)
	s.Recovered, s.R = append(s.Recovered, f.Recovered), append(s.R, math.Round(r*10)/10)
}
