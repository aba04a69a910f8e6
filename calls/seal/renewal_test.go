package seal

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// restarted is one restart; it fails if the two sides do not agree.
func restarted(t *testing.T, asking, answering *Renewal) (*Restart, *RestartAck, *MediaRoot) {
	t.Helper()
	share, err := NewShare()
	if err != nil {
		t.Fatal(err)
	}
	return restartedWith(t, share, asking, answering)
}

// restartedWith is restarted with a share of the test's.
func restartedWith(t *testing.T, share *Share, asking, answering *Renewal) (*Restart, *RestartAck, *MediaRoot) {
	t.Helper()
	restart := &Restart{
		Epoch: asking.Epoch() + 1, Ufrag: "ufra", Pwd: strings.Repeat("p", 22), EphemeralKey: share.Public(),
		Candidates: []Candidate{{Addr: netip.MustParseAddrPort("203.0.113.1:50000"), Priority: 7}},
	}
	ack := &RestartAck{Epoch: restart.Epoch, Ufrag: "gafr", Pwd: strings.Repeat("q", 22)}
	one, err := answering.Answer(restart, ack)
	if err != nil {
		t.Fatal(err)
	}
	two, err := asking.Finish(share, restart, ack)
	if err != nil {
		t.Fatal(err)
	}
	for dir := range uint8(2) {
		if one.Base(dir) != two.Base(dir) {
			t.Error("a restart does not meet")
		}
	}
	if _, err := asking.Finish(share, restart, ack); !errors.Is(err, ErrState) {
		t.Errorf("a share used twice: %v", err)
	}
	return restart, ack, one
}

func TestRestartsMeetOneAfterTheOther(t *testing.T) {
	w := newWorld(t)
	a := w.talking()
	b := w.callee.Root()
	asking, answering := a.Renewal(), b.Renewal()
	a.Ratchet() // each sender by its own clock
	seen := map[[64]byte]bool{a.Base(0): true, b.Base(0): true}
	for n := uint32(1); n <= 3; n++ {
		_, _, root := restarted(t, asking, answering)
		if root.Epoch() != n*epochsPerRestart || asking.Epoch() != n || answering.Epoch() != n {
			t.Errorf("restart %d begins with epoch %d", n, root.Epoch())
		}
		if seen[root.Base(0)] || seen[root.Base(1)] {
			t.Error("a key comes again")
		}
		seen[root.Base(0)] = true
		asking, answering = answering, asking // either side may ask
	}
}

func TestARestartNeedsTheFreshShareAndThePlaintexts(t *testing.T) {
	w := newWorld(t)
	root := w.talking()
	make := func(change func(*Restart, *RestartAck)) (a, b [64]byte) {
		asking, answering := root.Renewal(), w.callee.Root().Renewal()
		share, err := NewShare()
		if err != nil {
			t.Fatal(err)
		}
		restart := &Restart{Epoch: 1, Ufrag: "ufra", Pwd: strings.Repeat("p", 22), EphemeralKey: share.Public()}
		ack := &RestartAck{Epoch: 1, Ufrag: "gafr", Pwd: strings.Repeat("q", 22)}
		one, err := answering.Answer(restart, ack)
		if err != nil {
			t.Fatal(err)
		}
		change(restart, ack)
		two, err := asking.Finish(share, restart, ack)
		if err != nil {
			t.Fatal(err)
		}
		return one.Base(0), two.Base(0)
	}
	if a, b := make(func(*Restart, *RestartAck) {}); a != b {
		t.Error("the same messages give different keys")
	}
	for name, change := range map[string]func(*Restart, *RestartAck){
		"ufrag of RESTART":   func(r *Restart, _ *RestartAck) { r.Ufrag = "xxxx" },
		"pwd of RESTART-ACK": func(_ *Restart, k *RestartAck) { k.Pwd = strings.Repeat("x", 22) },
		"a candidate": func(r *Restart, _ *RestartAck) {
			r.Candidates = []Candidate{{Addr: netip.MustParseAddrPort("203.0.113.9:1")}}
		},
		"the share of the ack": func(_ *Restart, k *RestartAck) { k.Ciphertext[3] ^= 1 },
	} {
		if a, b := make(change); a == b {
			t.Errorf("%s is not bound", name)
		}
	}
	n := root.Renewal()
	if _, err := n.Answer(&Restart{Epoch: 2}, &RestartAck{Epoch: 2}); !errors.Is(err, ErrState) {
		t.Errorf("an epoch is left out: %v", err)
	}
}
