package audio

import (
	"testing"
	"time"
)

// FuzzPlayout drives the buffer with any packets at any time. Each two bytes are one step.
func FuzzPlayout(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 4, 0, 0, 1, 4, 0, 4, 0, 2, 9, 4, 0})
	f.Add([]byte("a conversation is a sequence of numbers and of waiting for them"))
	f.Add([]byte{3, 255, 0, 0, 4, 0, 3, 0, 0, 1, 5, 255, 4, 0, 6, 3, 7, 7, 4, 0})
	f.Fuzz(func(t *testing.T, steps []byte) {
		steps = steps[:min(len(steps), 2000)]
		p, err := NewPlayout(PlayoutConfig{Decoder: scripted{}})
		if err != nil {
			t.Fatal(err)
		}
		now, seq := time.Unix(1, 0), uint16(65000)
		pcm := make([]int16, FrameSamples)
		pushed, pulled := uint64(0), uint64(0)
		for ; len(steps) >= 2; steps = steps[2:] {
			n := steps[1]
			switch steps[0] % 8 {
			case 0, 1: // the next packet, and perhaps a copy
				seq++
				packet := Packet{Frame: seq, Opus: []byte{n}}
				if n%3 == 0 {
					packet.Copy = []byte{n}
				}
				p.Push(packet, now)
				pushed++
			case 2: // one from anywhere near
				p.Push(Packet{Frame: seq + uint16(int8(n)), Opus: []byte{n}}, now)
				pushed++
			case 3: // a jump
				seq += uint16(n) << 8
			case 4, 5:
				now = now.Add(FrameDuration + time.Duration(int8(n))*100*time.Microsecond)
				p.Pull(pcm, now)
				pulled++
			case 6: // several frames in one packet
				packet := Packet{Frame: seq + 1, Opus: []byte{n}, More: make([]byte, n%8)}
				p.Push(packet, now)
				seq += uint16(packet.frames())
				pushed += uint64(packet.frames())
			case 7:
				p.Expect(int(int8(n)))
				now = now.Add(time.Duration(n) * time.Millisecond)
			}
		}
		s := p.Stats()
		if s.Played > pushed || s.Late+s.Duplicate+s.Played > 2*pushed {
			t.Fatalf("%d in: %+v", pushed, s)
		}
		// What comes out is what was decoded or made up, less what was cut, and no more than four frames are kept.
		out := s.EmittedSamples + s.ConcealedSamples + s.InsertedSamples - s.RemovedSamples
		if out > (pulled+4)*FrameSamples || s.Target < 0 || s.Target > mostDelay || s.Waited < 0 || s.SilentConcealedSamples > s.ConcealedSamples {
			t.Fatalf("%d pulled: %+v", pulled, s)
		}
	})
}

func BenchmarkPlayout(b *testing.B) {
	for _, c := range []struct {
		name string
		make func() Decoder
	}{{"buffer", func() Decoder { return scripted{} }}, {"opus", func() Decoder { d, _ := NewDecoder(); return d }}} {
		b.Run(c.name, func(b *testing.B) {
			p, err := NewPlayout(PlayoutConfig{Decoder: c.make()})
			if err != nil {
				b.Fatal(err)
			}
			packets := spoken()
			pcm := make([]int16, FrameSamples)
			now, n := time.Unix(1, 0), 0
			b.ReportAllocs()
			for b.Loop() {
				p.Push(Packet{Frame: uint16(n), Opus: packets[n%len(packets)]}, now)
				p.Pull(pcm, now)
				now, n = now.Add(FrameDuration), n+1
			}
		})
	}
}
