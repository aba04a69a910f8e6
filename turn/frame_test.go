package turn

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzStream cuts a stream in two ways into reads. Frames are the same, whole messages, and one after the other.
//
// covers T1, T11
func FuzzStream(f *testing.F) {
	f.Add(append(header(bindingRequest, 0), channelData(0x4000, "data")...), byte(1))
	f.Add(append(channelData(0x4000, "odd"), 0), byte(3))
	f.Add(header(allocateRequest, 0xFFEC), byte(20))
	f.Add([]byte{0x40, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0}, byte(9))
	f.Fuzz(func(t *testing.T, b []byte, step byte) {
		whole, wholeRest, wholeOK := framesOf(b, len(b))
		cut, cutRest, cutOK := framesOf(b, int(step)%64+1)
		if wholeOK != cutOK || !bytes.Equal(bytes.Join(whole, nil), bytes.Join(cut, nil)) || wholeOK && !bytes.Equal(wholeRest, cutRest) {
			t.Fatalf("%x and %x, %v and %v", whole, cut, wholeOK, cutOK)
		}
		if got := bytes.Join(whole, nil); !bytes.HasPrefix(b, got) || wholeOK && len(got)+len(wholeRest) != len(b) {
			t.Fatal("bytes are lost")
		}
		for _, frame := range whole {
			switch frame[0] >> 6 {
			case 0:
				if binary.BigEndian.Uint32(frame[4:]) != stunMagic || int(binary.BigEndian.Uint16(frame[2:])) != len(frame)-stunHeader {
					t.Errorf("%x is no STUN message", frame)
				}
			case 1:
				if _, _, ok := parseChannelData(frame); !ok {
					t.Errorf("%x is no ChannelData", frame)
				}
			default:
				t.Errorf("%x is nothing", frame)
			}
		}
	})
}

// framesOf reads a stream in pieces of a size, as readLoop does, until its framing is lost.
func framesOf(b []byte, step int) (frames [][]byte, rest []byte, ok bool) {
	st := &stream{}
	for {
		st.frames(func(frame []byte) { frames = append(frames, bytes.Clone(frame)) })
		if _, ok := frameSize(st.in[:st.have]); !ok {
			return frames, nil, false
		}
		n := copy(st.in[st.have:], b[:min(step, len(b))])
		if b = b[n:]; n == 0 {
			return frames, bytes.Clone(st.in[:st.have]), true
		}
		st.have += n
	}
}

// A queue is what is left of its frames, whatever is dropped from its head: answers all, and the freshest data.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{10, 200, 30, 40, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250})
	f.Fuzz(func(t *testing.T, sizes []byte) {
		q := newQueue()
		var answers, data [][]byte
		dropped := 0
		for i, size := range sizes {
			frame := channelData(0x4000, string(bytes.Repeat([]byte{byte(i)}, 8*int(size))))
			answer := size%4 == 0
			if answer {
				frame = appendAttribute(header(bindingRequest|successBits, 0), attrData, make([]byte, size))
				putLength(frame, 0)
			}
			n, ok := q.put(frame)
			if dropped += n; !ok {
				continue
			}
			if frame = append(frame, make([]byte, padded(len(frame))-len(frame))...); answer {
				answers = append(answers, frame)
			} else {
				data = append(data, frame)
			}
		}
		data = data[min(dropped, len(data)):]
		b := q.take()
		if len(b) > queueBytes {
			t.Fatalf("%d bytes wait", len(b))
		}
		for at := 0; at < len(b); {
			size, ok := frameSize(b[at:])
			if !ok || size == 0 || at+size > len(b) {
				t.Fatal("framing is lost")
			}
			from := &data
			if !isData(b[at:]) {
				from = &answers
			}
			if len(*from) == 0 || !bytes.Equal((*from)[0], b[at:at+size]) {
				t.Fatal("not what was put, or not in order")
			}
			*from = (*from)[1:]
			at += size
		}
		if len(answers) != 0 || len(data) != 0 {
			t.Errorf("%d answers and %d data are lost", len(answers), len(data))
		}
		q.give(b)
		q.wipe()
	})
}
