package sframe

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A pair of key and counter is used once, whatever happens to the sender: clocks that jump, frames that are refused,
// restarts on the same root.
func TestACounterIsNeverUsedTwiceUnderOneKey(t *testing.T) {
	// covers C10
	rapid.Check(t, func(t *rapid.T) {
		root := newRoot(1)
		now := time.Unix(1_700_000_000, 0)
		cfg := SenderConfig{Root: root, RatchetEvery: time.Duration(rapid.IntRange(1, 100).Draw(t, "ratchet")) * time.Second}
		s := NewSender(cfg)
		type use struct {
			epoch uint32
			ctr   uint16
		}
		var last use
		used := false
		seal := func(n int) {
			frame, err := s.Seal(nil, now, make([]byte, n), nil)
			if n > DefaultBucketBytes-lengthBytes {
				if err != ErrTooLarge {
					t.Fatalf("%d bytes: %v", n, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("seal: %v", err)
			}
			u := use{s.epoch, binary.BigEndian.Uint16(frame[1:])}
			if used && (u.epoch < last.epoch || u.epoch == last.epoch && u.ctr <= last.ctr) {
				t.Fatalf("after %+v comes %+v", last, u)
			}
			if uint64(frame[0]>>4) != kidOf(u.epoch, 0) {
				t.Fatalf("epoch %d is announced as key %d", u.epoch, frame[0]>>4)
			}
			used, last = true, u
		}
		t.Repeat(map[string]func(*rapid.T){
			"seal": func(t *rapid.T) { seal(rapid.IntRange(0, 120).Draw(t, "bytes")) },
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "ms")) * time.Millisecond)
			},
			"set clock": func(t *rapid.T) { now = now.Add(-time.Duration(rapid.IntRange(0, 1000).Draw(t, "s")) * time.Second) },
			"near the end": func(t *rapid.T) {
				s.next = max(s.next, lastCounter-uint64(rapid.IntRange(0, 3).Draw(t, "left")))
				seal(0)
			},
			"restart": func(t *rapid.T) {
				before := s.epoch
				if s = NewSender(cfg); s.epoch <= before {
					t.Fatalf("after a restart the epoch is %d, it was %d", s.epoch, before)
				}
			},
			"": func(t *rapid.T) {
				for _, times := range root.given {
					if times != 1 {
						t.Fatalf("a base key was derived from %d times", times)
					}
				}
			},
		})
	})
}

// rewound is a root that is set back to a state from before: a bug, or an attack on stored state.
type rewound struct{ *testRoot }

func (r rewound) Ratchet() {}

func TestARootThatDoesNotGoForwardIsRefused(t *testing.T) {
	// covers C10
	now := time.Unix(1_700_000_000, 0)
	stuck := NewSender(SenderConfig{Root: rewound{newRoot(1)}})
	if _, err := stuck.Seal(nil, now, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := stuck.Seal(nil, now.Add(DefaultRatchet), nil, nil); err != ErrExhausted {
		t.Errorf("a root that does not ratchet: %v", err)
	}

	root := newRoot(1)
	s := NewSender(SenderConfig{Root: root})
	for i := range 3 {
		if _, err := s.Seal(nil, now.Add(time.Duration(i)*DefaultRatchet), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	*root = *newRoot(1)
	if _, err := s.Seal(nil, now.Add(3*DefaultRatchet), nil, nil); err != ErrExhausted {
		t.Errorf("a root set back: %v", err)
	}

	end := newRoot(1)
	end.epoch = math.MaxUint32
	s = NewSender(SenderConfig{Root: end})
	if _, err := s.Seal(nil, now, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Seal(nil, now.Add(DefaultRatchet), nil, nil); err != ErrExhausted {
		t.Errorf("after the last epoch: %v", err)
	}
}

func TestTheWindowAgreesWithASet(t *testing.T) {
	// covers M4
	rapid.Check(t, func(t *rapid.T) {
		var w window
		seen := make(map[uint64]bool)
		top := uint64(0)
		for range rapid.IntRange(1, 300).Draw(t, "frames") {
			ctr := uint64(rapid.IntRange(firstCounter, lastCounter).Draw(t, "anywhere"))
			if top > 0 && rapid.Bool().Draw(t, "near") {
				ctr = uint64(max(firstCounter, int(top)+rapid.IntRange(-windowSize-2, windowSize+2).Draw(t, "distance")))
			}
			want := !seen[ctr] && ctr+windowSize > top
			if got := w.fresh(ctr); got != want {
				t.Fatalf("counter %d below top %d: fresh %v, want %v", ctr, top, got, want)
			}
			if want {
				w.add(ctr)
				seen[ctr], top = true, max(top, ctr)
			}
		}
	})
}
