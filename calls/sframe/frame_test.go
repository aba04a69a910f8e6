package sframe

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var allControls = []Control{
	{Kind: ControlMute, Muted: true},
	{Kind: ControlHangup, Reason: 7},
	{Kind: ControlHangupAck},
	{Kind: ControlNop},
	{Kind: ControlQuality, Quality: Quality{LostPerMille: 31, JitterMillis: 400}},
}

func TestWhatIsSealedComesOut(t *testing.T) {
	p := newPair(t)
	p.wantOpen("voice", p.seal("voice"), "voice")
	p.wantOpen("an empty frame", p.seal(""), "")
	p.wantOpen("a full frame", p.seal(strings.Repeat("v", 94)), strings.Repeat("v", 94))

	frame := p.seal("voice", allControls...)
	opus, controls, err := p.receiver.Open([]byte("before "), p.now, frame)
	if err != nil || string(opus) != "before voice" {
		t.Errorf("opened %q, %v", opus, err)
	}
	if diff := cmp.Diff(allControls, controls); diff != "" {
		t.Errorf("controls (-sent +received):\n%s", diff)
	}
}

func TestEveryFrameHasTheSameSize(t *testing.T) {
	// covers M5
	for _, bucket := range []int{0, 96, 128, 160} {
		s := NewSender(SenderConfig{Root: newRoot(1), BucketBytes: bucket})
		want := bucket + Overhead
		if bucket == 0 {
			want = 96 + 19
		}
		now := time.Unix(0, 0)
		// Speech, silence, mute, no voice at all, every control alone and all together, over several epochs.
		for i := range 4000 {
			now = now.Add(100 * time.Millisecond)
			controls := allControls[i%5 : i%5+i%2]
			n := []int{80, 80, 3, 0}[i%4]
			if i%7 == 0 {
				n, controls = 0, allControls
			}
			frame, err := s.Seal(nil, now, bytes.Repeat([]byte{byte(i)}, n), controls)
			if err != nil || len(frame) != want {
				t.Fatalf("frame %d has %d bytes and %v, want %d", i, len(frame), err, want)
			}
			if frame[0]&^0x70 != 0x09 {
				t.Fatalf("frame %d begins with %#x: not a three-byte header", i, frame[0])
			}
		}
	}
}

func TestTheImportantControlsFitBesideTheVoice(t *testing.T) {
	p := newPair(t)
	important := slices.DeleteFunc(slices.Clone(allControls), func(c Control) bool { return c.Kind == ControlNop })
	if got := len(p.seal(strings.Repeat("v", 80), important...)); got != DefaultBucketBytes+Overhead {
		t.Errorf("%d bytes", got)
	}
}

func TestTooLargeIsRefusedAndCostsNothing(t *testing.T) {
	p := newPair(t)
	first := p.seal("one")
	frame, err := p.sender.Seal([]byte("dst"), p.now, make([]byte, 95), nil)
	if err != ErrTooLarge || string(frame) != "dst" {
		t.Errorf("got %q and %v", frame, err)
	}
	if _, err := p.sender.Seal(nil, p.now, make([]byte, 92), allControls[:1]); err != ErrTooLarge {
		t.Errorf("with a control: %v", err)
	}
	second := p.seal("two")
	if first[2]+1 != second[2] {
		t.Errorf("counters %d and %d: a refused frame spent one", first[2], second[2])
	}
}

func TestControlsThatWouldBeRefusedAreNotSent(t *testing.T) {
	p := newPair(t)
	for _, controls := range [][]Control{{{}}, {{Kind: 6}}, {{Kind: 255}}, {{Kind: ControlNop}, {Kind: ControlNop}}} {
		if _, err := p.sender.Seal(nil, p.now, nil, controls); err != ErrFormat {
			t.Errorf("%v: %v", controls, err)
		}
	}
}

func TestTheInsideIsReadStrictly(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		what  string
		plain string
		want  error
	}{
		{"zeros", "", nil},
		{"a kind of a later version", "\x00\x00\x63\x03abc\x04\x00", nil},
		{"a length beyond the end", "\x00\x5f", ErrFormat},
		{"a value beyond the end", "\x00\x00\x63\x5d", ErrFormat},
		{"a mute that is neither on nor off", "\x00\x00\x01\x01\x02", ErrFormat},
		{"a mute without value", "\x00\x00\x01\x00", ErrFormat},
		{"an ack with a value", "\x00\x00\x03\x01\x00", ErrFormat},
		{"a short quality", "\x00\x00\x05\x03\x01\x01\x01", ErrFormat},
		{"a control twice", "\x00\x00\x04\x00\x04\x00", ErrFormat},
		{"an unknown control twice", "\x00\x00\x63\x00\x63\x00", ErrFormat},
		{"something behind the zeros", "\x00\x00\x04\x00\x00\x00\x01", ErrFormat},
		{"a kind in the last byte", "\x00\x5d" + strings.Repeat("v", 93) + "\x04", ErrFormat},
	} {
		plain := make([]byte, DefaultBucketBytes)
		copy(plain, c.plain)
		s := p.sender
		h := header{kid: 0, ctr: s.next}
		s.next++
		frame := h.append(nil)
		frame = s.key.seal(frame, h.ctr, plain, frame)
		if _, _, err := p.receiver.Open(nil, p.now, frame); err != c.want {
			t.Errorf("%s: got %v, want %v", c.what, err, c.want)
		}
	}
}

func TestAConfigurationWithoutSenseIsClosed(t *testing.T) {
	for _, cfg := range []SenderConfig{
		{}, {Root: newRoot(1), Direction: 2}, {Root: newRoot(1), BucketBytes: 31}, {Root: newRoot(1), BucketBytes: 1025}, {Root: newRoot(1), BucketBytes: -1},
	} {
		if _, err := NewSender(cfg).Seal(nil, time.Time{}, nil, nil); err != ErrClosed {
			t.Errorf("sender %+v: %v", cfg, err)
		}
		r := NewReceiver(ReceiverConfig{Root: cfg.Root, Direction: cfg.Direction, BucketBytes: cfg.BucketBytes})
		if _, _, err := r.Open(nil, time.Time{}, make([]byte, 115)); err != ErrClosed {
			t.Errorf("receiver %+v: %v", cfg, err)
		}
		if root, ok := cfg.Root.(*testRoot); ok && !root.wiped {
			t.Errorf("%+v: the root was not wiped", cfg)
		}
	}
}

func TestCloseForgetsTheKeys(t *testing.T) {
	root, other := newRoot(1), newRoot(1)
	s := NewSender(SenderConfig{Root: root})
	r := NewReceiver(ReceiverConfig{Root: other})
	frame, err := s.Seal(nil, time.Time{}, []byte("voice"), allControls)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Open(nil, time.Time{}, frame); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(s.plain[:cap(s.plain)], []byte("voice")) || bytes.Contains(r.plain[:cap(r.plain)], []byte("voice")) {
		t.Error("voice stays in memory")
	}
	for range 2 {
		s.Close()
		r.Close()
	}
	if !root.wiped || !other.wiped || s.key.usable() {
		t.Error("a key survives")
	}
	for i := range r.slots {
		if r.slots[i] != (slot{}) {
			t.Error("a key of the receiver survives")
		}
	}
	if _, err := s.Seal(nil, time.Time{}, nil, nil); err != ErrClosed {
		t.Errorf("seal: %v", err)
	}
	if _, _, err := r.Open(nil, time.Time{}, frame); err != ErrClosed {
		t.Errorf("open: %v", err)
	}
}

func TestNothingPrintsItsKeys(t *testing.T) {
	p := newPair(t)
	p.seal("voice")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", p.sender, "r", p.receiver)
	all := log.String() + fmt.Sprintf("%v %+v %#v %s %v %+v %#v %s", p.sender, p.sender, p.sender, p.sender, p.receiver, p.receiver, p.receiver, p.receiver)
	if n := strings.Count(all, "sframe.Sender"); n != 5 {
		t.Errorf("the sender is named %d times: %s", n, all)
	}
	if len(all) > 300 || strings.Contains(all, "salt") {
		t.Errorf("too much is printed: %s", all)
	}
}

func TestAFrameCostsNoAllocation(t *testing.T) {
	p := newPair(t)
	opus, frame, out := make([]byte, 80), make([]byte, 0, 200), make([]byte, 0, 200)
	var err error
	if n := testing.AllocsPerRun(500, func() {
		var e error
		frame, e = p.sender.Seal(frame[:0], p.now, opus, allControls[:2])
		err = errors.Join(err, e)
		_, _, e = p.receiver.Open(out, p.now, frame)
		err = errors.Join(err, e)
	}); n != 0 || err != nil {
		t.Errorf("%v allocations a frame, %v", n, err)
	}
	frame[10] ^= 1
	if n := testing.AllocsPerRun(500, func() { _, _, err = p.receiver.Open(out, p.now, frame) }); n != 0 || err == nil {
		t.Errorf("%v allocations a refused frame, %v", n, err)
	}
}

func BenchmarkSeal(b *testing.B) {
	s := NewSender(SenderConfig{Root: newRoot(1)})
	opus, frame := make([]byte, 80), make([]byte, 0, 200)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if frame, err = s.Seal(frame[:0], time.Time{}, opus, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := NewSender(SenderConfig{Root: newRoot(1)})
	frame, err := s.Seal(nil, time.Time{}, make([]byte, 80), nil)
	if err != nil {
		b.Fatal(err)
	}
	r := NewReceiver(ReceiverConfig{Root: newRoot(1)})
	out := make([]byte, 0, 200)
	b.ReportAllocs()
	for b.Loop() {
		r.slots[0].window = window{}
		if _, _, err := r.Open(out, time.Time{}, frame); err != nil {
			b.Fatal(err)
		}
	}
}
