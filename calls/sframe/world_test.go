package sframe

import (
	"crypto/sha512"
	"encoding/binary"
	"testing"
	"time"
)

// testRoot is a root that hashes forward, and that remembers which base keys it gave away.
type testRoot struct {
	secret [64]byte
	epoch  uint32
	wiped  bool
	given  map[[64]byte]int
}

func newRoot(seed byte) *testRoot {
	return &testRoot{secret: sha512.Sum512([]byte{seed}), given: make(map[[64]byte]int)}
}

func (r *testRoot) Base(dir uint8) [64]byte {
	base := sha512.Sum512(binary.BigEndian.AppendUint32(append(r.secret[:], 'b', dir), r.epoch))
	r.given[base]++
	return base
}

func (r *testRoot) Epoch() uint32 { return r.epoch }

func (r *testRoot) Ratchet() {
	r.secret = sha512.Sum512(r.secret[:])
	r.epoch++
}

func (r *testRoot) Wipe() {
	r.secret, r.wiped = [64]byte{}, true
}

// pair is one direction of a call with its own clock.
type pair struct {
	t        *testing.T
	now      time.Time
	sender   *Sender
	receiver *Receiver
}

func newPair(t *testing.T) *pair {
	return &pair{
		t: t, now: time.Unix(1_700_000_000, 0),
		sender:   NewSender(SenderConfig{Root: newRoot(1)}),
		receiver: NewReceiver(ReceiverConfig{Root: newRoot(1)}),
	}
}

func (p *pair) seal(opus string, controls ...Control) []byte {
	p.t.Helper()
	frame, err := p.sender.Seal(nil, p.now, []byte(opus), controls)
	if err != nil {
		p.t.Fatalf("seal: %v", err)
	}
	return frame
}

func (p *pair) wantOpen(what string, frame []byte, opus string) {
	p.t.Helper()
	got, _, err := p.receiver.Open(nil, p.now, frame)
	if err != nil || string(got) != opus {
		p.t.Fatalf("%s: got %q and %v, want %q", what, got, err, opus)
	}
}

func (p *pair) wantRefused(what string, frame []byte, want error) {
	p.t.Helper()
	dst := []byte("untouched.........................................................................................................")
	before := string(dst)
	got, controls, err := p.receiver.Open(dst[:9], p.now, frame)
	if err != want || got != nil || controls != nil {
		p.t.Fatalf("%s: got %q, %v and error %v, want only %v", what, got, controls, err, want)
	}
	if string(dst) != before {
		p.t.Fatalf("%s: something of a refused frame came out", what)
	}
}
