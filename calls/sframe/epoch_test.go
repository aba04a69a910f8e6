package sframe

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestAStrangersFrameNeverComesOut(t *testing.T) {
	// covers M3
	p := newPair(t)
	good := p.seal("voice")
	wrong := NewSender(SenderConfig{Root: newRoot(2)})
	stranger, err := wrong.Seal(nil, p.now, []byte("strange"), nil)
	if err != nil {
		t.Fatal(err)
	}
	mirrored := NewSender(SenderConfig{Root: newRoot(1), Direction: 1})
	reflected, err := mirrored.Seal(nil, p.now, []byte("me"), nil)
	if err != nil {
		t.Fatal(err)
	}
	plaintext := append([]byte{0x09, 1, 0, 0, 80}, make([]byte, 110)...)
	p.wantRefused("a frame under another key", stranger, ErrAuth)
	p.wantRefused("a frame of the own direction", reflected, ErrKey)
	p.wantRefused("plaintext in the shape of a frame", plaintext, ErrAuth)
	p.wantRefused("raw opus", make([]byte, 80), ErrFormat)
	p.wantRefused("nothing", nil, ErrFormat)
	for bit := range 8 * len(good) {
		bad := slices.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if got, _, err := p.receiver.Open(nil, p.now, bad); err == nil || got != nil {
			t.Fatalf("with bit %d flipped it opens: %q", bit, got)
		}
	}
	for n := range good {
		p.wantRefused("a shortened frame", good[:n], ErrFormat)
	}
	p.wantRefused("a lengthened frame", append(good[:len(good):len(good)], 0), ErrFormat)
	p.wantOpen("after all that, the real one", good, "voice")
}

func TestAFrameIsPlayedOnce(t *testing.T) {
	// covers M4
	p := newPair(t)
	var frames [][]byte
	for i := range 1030 {
		frames = append(frames, p.seal(fmt.Sprint(i)))
	}
	p.wantOpen("the second", frames[1], "1")
	p.wantOpen("the first, late", frames[0], "0")
	p.wantRefused("the first again", frames[0], ErrReplay)
	p.wantRefused("the second again", frames[1], ErrReplay)
	p.wantOpen("after a long gap", frames[1027], "1027")
	p.wantRefused("too old to tell, and never seen", frames[3], ErrReplay)
	p.wantOpen("the oldest that the window knows", frames[4], "4")
	p.wantRefused("and again", frames[4], ErrReplay)
	p.wantRefused("an old one, still remembered as too old", frames[1], ErrReplay)
	p.wantOpen("the next", frames[1028], "1028")
	p.wantRefused("out of the window now", frames[4], ErrReplay)
	p.wantOpen("the one after that", frames[1029], "1029")
}

func TestHeadersThatAreNotOursAreRefused(t *testing.T) {
	// covers M4
	p := newPair(t)
	body := make([]byte, 130)
	for _, c := range []struct {
		what string
		h    header
		want error
	}{
		{"a counter below the first", header{0, 255}, ErrFormat},
		{"counter zero", header{0, 0}, ErrFormat},
		{"a counter of three bytes", header{0, 1 << 16}, ErrFormat},
		{"a counter of eight bytes", header{0, 1<<64 - 1}, ErrFormat},
		{"a key id that is not inline", header{8, 256}, ErrFormat},
		{"a huge key id", header{1<<64 - 1, 256}, ErrFormat},
		{"the other direction", header{1, 256}, ErrKey},
		{"the epoch before the first", header{6, 256}, ErrKey},
		{"the next epoch", header{2, 256}, ErrAuth},
		{"the one after that", header{4, 65535}, ErrAuth},
	} {
		frame := append(c.h.append(nil), body...)[:115]
		p.wantRefused(c.what, frame, c.want)
	}
	if p.receiver.epoch != 0 {
		t.Errorf("junk moved the receiver to epoch %d", p.receiver.epoch)
	}
}

func TestTheReceiverFollowsTheRatchet(t *testing.T) {
	p := newPair(t)
	p.wantOpen("the first epoch", p.seal("0"), "0")
	late := p.seal("late")
	lost := p.seal("lost")
	for epoch := 1; epoch <= 9; epoch++ {
		p.now = p.now.Add(DefaultRatchet)
		frame := p.seal(fmt.Sprint(epoch))
		if want := uint8(2 * (epoch % 4)); frame[0]>>4 != want || frame[1] != 1 || frame[2] != 0 {
			t.Fatalf("epoch %d begins with %x", epoch, frame[:3])
		}
		p.wantOpen("a new epoch", frame, fmt.Sprint(epoch))
		p.wantRefused("twice", frame, ErrReplay)
		if epoch == 1 {
			p.now = p.now.Add(keepOld - time.Millisecond)
			p.wantOpen("the old epoch for a while", late, "late")
			p.now = p.now.Add(time.Millisecond)
			p.wantRefused("and no longer", lost, ErrKey)
			p.now = p.now.Add(-keepOld)
		}
	}
}

func TestASilenceOfTwoEpochsIsSurvived(t *testing.T) {
	p := newPair(t)
	p.wantOpen("before", p.seal("before"), "before")
	p.now = p.now.Add(DefaultRatchet)
	lost := p.seal("lost")
	p.now = p.now.Add(DefaultRatchet)
	p.wantOpen("two epochs on", p.seal("after"), "after")
	p.wantOpen("and one back, reordered", lost, "lost")
	p.now = p.now.Add(DefaultRatchet)
	p.wantOpen("and on", p.seal("on"), "on")
}

func TestAFastRatchetStartsEachWindowAfresh(t *testing.T) {
	p := newPair(t)
	p.sender = NewSender(SenderConfig{Root: newRoot(1), RatchetEvery: time.Second})
	for i := range 12 {
		for range i % 3 * 700 {
			p.wantOpen("many frames", p.seal("x"), "x")
		}
		p.wantOpen("the last of an epoch", p.seal("last"), "last")
		p.now = p.now.Add(time.Second)
	}
}

func TestASenderThatSleptGoesOneEpochFurther(t *testing.T) {
	p := newPair(t)
	p.wantOpen("before", p.seal("before"), "before")
	p.now = p.now.Add(time.Hour)
	p.wantOpen("after an hour", p.seal("after"), "after")
	if p.sender.epoch != 1 {
		t.Errorf("epoch %d", p.sender.epoch)
	}
}

func TestAnEpochEndsBeforeItsCountersDo(t *testing.T) {
	p := newPair(t)
	var first, last []byte
	for i := range lastCounter - firstCounter + 2 {
		last = p.seal("")
		if i == 0 {
			first = last
		}
	}
	if first[1] != 1 || first[2] != 0 || first[0]>>4 != 0 {
		t.Errorf("the first frame begins with %x", first[:3])
	}
	if last[0]>>4 != 2 || last[1] != 1 || last[2] != 0 {
		t.Errorf("the frame after the last counter begins with %x", last[:3])
	}
	p.wantOpen("which opens", last, "")

	never := NewSender(SenderConfig{Root: newRoot(1), RatchetEvery: -1})
	for range lastCounter - firstCounter + 1 {
		if _, err := never.Seal(last[:0], p.now, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := never.Seal(last[:0], p.now, nil, nil); err != ErrExhausted {
			t.Fatalf("without a ratchet: %v", err)
		}
	}
}

func TestTheClockMayBeSetBack(t *testing.T) {
	p := newPair(t)
	p.wantOpen("first", p.seal("1"), "1")
	p.now = p.now.Add(-time.Hour)
	p.wantOpen("an hour earlier", p.seal("2"), "2")
	p.now = p.now.Add(DefaultRatchet)
	p.wantOpen("a minute later", p.seal("3"), "3")
	if p.sender.epoch != 1 {
		t.Errorf("epoch %d: the clock stretched it", p.sender.epoch)
	}
}
