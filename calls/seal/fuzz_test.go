package seal

import (
	"bytes"
	"testing"
)

// FuzzDecode: what decodes encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	w := newWorld(f)
	tr := transport(1)
	for _, m := range []Message{
		&Ring{Suite: 1, Suites: []uint16{1}, Device: w.bob.DeviceID(), List: w.bob.List(), Queue: w.bobQueue, Transport: &tr}, &Accept{Transport: &tr},
		&Confirm{}, &Connected{}, &Candidates{Candidates: tr.Candidates}, &Restart{}, &RestartAck{}, &Reject{1}, &Elsewhere{}, &Hangup{1}, &Nop{},
	} {
		b, err := encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		again, err := encode(m)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("decode accepts what encode would not write: %v", err)
		}
	})
}

// FuzzParseOffer: what parses appends to the same bytes.
func FuzzParseOffer(f *testing.F) {
	w := newWorld(f)
	b, err := w.caller.offer.append()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := parseOffer(b)
		if err != nil {
			return
		}
		again, err := o.append()
		if err != nil || !bytes.Equal(again[1:], b) {
			t.Fatalf("an offer has two forms: %v", err)
		}
	})
}

// FuzzParseLate: what parses appends to the same bytes.
func FuzzParseLate(f *testing.F) {
	w := newWorld(f)
	l := Late{List: w.alice.List(), Device: w.alice.DeviceID(), Time: start, Message: &Hangup{1}}
	b, err := l.append()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLate(b)
		if err != nil {
			return
		}
		again, err := l.append()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("a late message has two forms: %v", err)
		}
	})
}

// FuzzParseReplaySet: what parses appends to the same bytes.
func FuzzParseReplaySet(f *testing.F) {
	var r ReplaySet
	r.add([32]byte{1}, start)
	r.add([32]byte{2}, start)
	f.Add(r.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseReplaySet(b); err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Fatal("a memory of offers has two forms")
		}
	})
}

// FuzzOpenMailbox: whatever arrives, nothing panics and nothing rings.
func FuzzOpenMailbox(f *testing.F) {
	w := newWorld(f)
	env := w.offer()
	f.Add(env[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Envelope
		copy(got[:], b)
		if _, err := OpenMailbox(w.bob, &got, start, 0, new(ReplaySet)); err == nil && got != env {
			t.Fatal("something else than the offer rings")
		}
	})
}

func BenchmarkHandshake(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		w.replay = ReplaySet{}
		w.dial()
		w.talking()
	}
}
