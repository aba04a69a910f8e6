package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// reportVersion changes when a key changes its meaning or goes away; added keys do not change it.
const reportVersion = 1

// Report is the JSON of callsim quick, described key by key in docs/callsim.md.
type Report struct {
	Version    int          `json:"version"`
	Tool       string       `json:"tool"`
	Started    string       `json:"started"`
	Scenario   Scenario     `json:"scenario"`
	Calls      CallCounts   `json:"calls"`
	Setup      Setup        `json:"setup"`
	Media      Media        `json:"media"`
	Audio      AudioQuality `json:"audio"`
	Privacy    Privacy      `json:"privacy"`
	Generator  Generator    `json:"generator"`
	Thresholds []Threshold  `json:"thresholds"`
	Verdict    string       `json:"verdict"` // pass, fail or invalid
}

// Scenario repeats what was asked for.
type Scenario struct {
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
	Server  string  `json:"server"`  // embedded or given
	Encoder string  `json:"encoder"` // shared or own
}

// CallCounts says what became of the calls.
type CallCounts struct {
	Placed   int            `json:"placed"`
	Answered int            `json:"answered"`
	Ended    map[string]int `json:"ended"` // by the caller's result
}

// Setup is in milliseconds.
type Setup struct {
	PressToRing   Percentiles `json:"press_to_ring_ms"`
	AcceptToAudio Percentiles `json:"accept_to_audio_ms"`
}

// Media counts voice frames in both directions.
type Media struct {
	Sent        uint64  `json:"sent"`
	Received    uint64  `json:"received"`
	Lost        uint64  `json:"lost"`
	LostRatio   float64 `json:"lost_ratio"`
	Unauthentic uint64  `json:"unauthentic"`
	Concealed   uint64  `json:"concealed"`
}

// AudioQuality is STOI, 0 to 1, over both directions of every call.
type AudioQuality struct {
	STOI Percentiles `json:"stoi"`
}

// Privacy is what relay and server could see.
type Privacy struct {
	Observer            string `json:"observer"`              // relay or phone: whose socket was watched
	VoicePackets        uint64 `json:"voice_packets"`         // watched
	DistinctPacketSizes int    `json:"distinct_packet_sizes"` // of voice, the largest number in any direction of any call
	PacketSizes         []int  `json:"packet_sizes"`          // bytes of UDP payload, ascending
	PlaintextSeen       uint64 `json:"plaintext_seen"`        // packets and envelopes that held what they must not
	EnvelopeSizes       []int  `json:"envelope_sizes"`        // distinct bodies of POST /v1/envelopes, ascending
	Envelopes           uint64 `json:"envelopes"`
}

// Generator is the simulator's own honesty: a late simulator measures itself.
type Generator struct {
	LateFrames     uint64  `json:"late_frames"` // frames sent more than 20 ms after their time
	LateRatio      float64 `json:"late_ratio"`
	SchedulerP99Ms float64 `json:"scheduler_p99_ms"`
	WallSeconds    float64 `json:"wall_seconds"`
	CPUSeconds     float64 `json:"cpu_seconds"`
	InvalidBecause string  `json:"invalid_because,omitempty"`
}

// Threshold is one line of the verdict.
type Threshold struct {
	Key  string  `json:"key"`
	Want string  `json:"want"`
	Got  float64 `json:"got"`
	OK   bool    `json:"ok"`
}

const (
	verdictPass    = "pass"
	verdictFail    = "fail"
	verdictInvalid = "invalid"
)

// judge fills Thresholds and Verdict.
func (r *Report) judge() {
	atMost := func(key string, got, limit float64) {
		r.Thresholds = append(r.Thresholds, Threshold{key, fmt.Sprintf("<= %g", limit), got, got <= limit})
	}
	below := func(key string, got, limit float64) {
		r.Thresholds = append(r.Thresholds, Threshold{key, fmt.Sprintf("< %g", limit), got, got < limit})
	}
	exactly := func(key string, got, want float64) {
		r.Thresholds = append(r.Thresholds, Threshold{key, fmt.Sprintf("= %g", want), got, got == want})
	}
	r.Thresholds = nil
	exactly("calls.answered", float64(r.Calls.Answered), float64(r.Calls.Placed))
	exactly("setup.press_to_ring_ms.count", float64(r.Setup.PressToRing.Count), float64(r.Calls.Placed))
	atMost("setup.press_to_ring_ms.p95", r.Setup.PressToRing.P95, 300)
	exactly("setup.accept_to_audio_ms.count", float64(r.Setup.AcceptToAudio.Count), float64(r.Calls.Placed))
	atMost("setup.accept_to_audio_ms.p95", r.Setup.AcceptToAudio.P95, 400)
	below("media.lost_ratio", r.Media.LostRatio, 0.001)
	exactly("audio.stoi.count", float64(r.Audio.STOI.Count), float64(2*r.Calls.Placed))
	r.Thresholds = append(r.Thresholds, Threshold{"audio.stoi.p5", ">= 0.95", r.Audio.STOI.P5, r.Audio.STOI.P5 >= 0.95})
	exactly("privacy.distinct_packet_sizes", float64(r.Privacy.DistinctPacketSizes), 1)
	exactly("privacy.plaintext_seen", float64(r.Privacy.PlaintextSeen), 0)
	if r.Scenario.Server == "embedded" {
		exactly("privacy.envelope_sizes", float64(oddSize(r.Privacy.EnvelopeSizes)), envelope.Size)
	}
	missed, leaked := false, false
	for _, t := range r.Thresholds {
		missed = missed || !t.OK
		leaked = leaked || !t.OK && strings.HasPrefix(t.Key, "privacy.")
	}
	switch {
	case leaked: // which no slow machine excuses
		r.Verdict = verdictFail
	case r.Generator.InvalidBecause != "":
		r.Verdict = verdictInvalid
	case missed:
		r.Verdict = verdictFail
	default:
		r.Verdict = verdictPass
	}
}

// oddSize is a size that no envelope should have; the right one if all have it, 0 if there were none.
func oddSize(sizes []int) int {
	for _, size := range sizes {
		if size != envelope.Size {
			return size
		}
	}
	if len(sizes) == 0 {
		return 0
	}
	return envelope.Size
}

// err turns the verdict into this command's exit code.
func (r *Report) err() error {
	switch r.Verdict {
	case verdictPass:
		return nil
	case verdictInvalid:
		return &command.Error{Err: errors.New("the measurement is invalid: " + r.Generator.InvalidBecause), Hint: "use a faster or quieter machine, or fewer --calls", Code: exitInvalid}
	}
	return &command.Error{Err: errors.New("a threshold was missed"), Hint: "the lines that begin with missed say which; --json has them under thresholds", Code: exitThreshold}
}

func (r *Report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // "<= 300" is for people too
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *Report) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "calls     %d placed, %d answered\n", r.Calls.Placed, r.Calls.Answered)
	span := func(name string, p Percentiles, unit string) {
		fmt.Fprintf(&b, "%-9s p50 %.4g%s, p95 %.4g%s, max %.4g%s\n", name, p.P50, unit, p.P95, unit, p.Max, unit)
	}
	span("ring", r.Setup.PressToRing, " ms")
	span("audio", r.Setup.AcceptToAudio, " ms")
	fmt.Fprintf(&b, "frames    %d sent, %d lost (%.4f %%)\n", r.Media.Sent, r.Media.Lost, 100*r.Media.LostRatio)
	fmt.Fprintf(&b, "speech    STOI p5 %.3f, p50 %.3f, min %.3f\n", r.Audio.STOI.P5, r.Audio.STOI.P50, r.Audio.STOI.Min)
	fmt.Fprintf(&b, "wire      %d packet size(s) %v, %d with plaintext, seen by the %s\n", r.Privacy.DistinctPacketSizes, r.Privacy.PacketSizes, r.Privacy.PlaintextSeen, r.Privacy.Observer)
	if r.Privacy.Envelopes > 0 {
		fmt.Fprintf(&b, "envelopes %d of %v bytes\n", r.Privacy.Envelopes, r.Privacy.EnvelopeSizes)
	}
	fmt.Fprintf(&b, "simulator %.1f CPU s in %.1f s, wake-ups p99 %.1f ms late\n", r.Generator.CPUSeconds, r.Generator.WallSeconds, r.Generator.SchedulerP99Ms)
	for _, t := range r.Thresholds {
		if !t.OK {
			fmt.Fprintf(&b, "missed    %s is %.6g, wanted %s\n", t.Key, t.Got, t.Want)
		}
	}
	if r.Generator.InvalidBecause != "" {
		fmt.Fprintf(&b, "invalid   %s\n", r.Generator.InvalidBecause)
	}
	fmt.Fprintf(&b, "verdict   %s\n", r.Verdict)
	_, err := io.WriteString(w, b.String())
	return err
}
