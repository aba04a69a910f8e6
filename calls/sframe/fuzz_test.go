package sframe

import (
	"testing"
	"time"
)

// FuzzOpen gives the receiver anything. Nothing but the frames of its sender may come out, and none moves it to another
// epoch.
func FuzzOpen(f *testing.F) {
	// covers M3, M4
	now := time.Unix(1_700_000_000, 0)
	s := NewSender(SenderConfig{Root: newRoot(1)})
	good, err := s.Seal(nil, now, []byte("voice"), allControls)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:40])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(make([]byte, 115))
	r := NewReceiver(ReceiverConfig{Root: newRoot(1)})
	f.Fuzz(func(t *testing.T, frame []byte) {
		r.slots[0].window = window{}
		opus, controls, err := r.Open(nil, now, frame)
		if string(frame) == string(good) {
			if err != nil || string(opus) != "voice" || len(controls) != len(allControls) {
				t.Fatalf("the real frame: %q, %v, %v", opus, controls, err)
			}
			return
		}
		if err == nil || opus != nil || controls != nil {
			t.Fatalf("a forged frame: %q, %v, %v", opus, controls, err)
		}
		if r.epoch != 0 {
			t.Fatalf("a forged frame moved the receiver to epoch %d", r.epoch)
		}
	})
}

// FuzzInside gives the parser what only the other side could have sealed: what it accepts, it would send the same way
// again, but for kinds of later versions.
func FuzzInside(f *testing.F) {
	f.Add([]byte("\x00\x05voice\x01\x01\x01\x02\x01\x07\x03\x00"))
	f.Add([]byte("\xff\xff"))
	r := NewReceiver(ReceiverConfig{Root: newRoot(1)})
	s := NewSender(SenderConfig{Root: newRoot(1)})
	f.Fuzz(func(t *testing.T, inside []byte) {
		plain := make([]byte, DefaultBucketBytes)
		copy(plain, inside)
		opus, controls, err := r.parse(nil, plain)
		if err != nil {
			if opus != nil || controls != nil {
				t.Fatalf("with %v came %q and %v", err, opus, controls)
			}
			return
		}
		again, err := s.fill(opus, controls)
		if err != nil {
			t.Fatalf("refused to send what was accepted: %v", err)
		}
		back, controlsBack, err := r.parse(nil, again)
		if err != nil || string(back) != string(opus) || len(controlsBack) != len(controls) {
			t.Fatalf("%q, %v became %q, %v, %v", opus, controls, back, controlsBack, err)
		}
	})
}
