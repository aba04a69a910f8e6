package calls

import (
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/calls/sframe"
)

const (
	// keepOldKey is how long frames with the key before a restart are still opened, after the first with the new one.
	keepOldKey = 5 * time.Second
	// maxReceivers bounds the keys that may arrive: the present one, one that the other side has not used yet, and one of a
	// restart that overtook it.
	maxReceivers = 3
)

// voiceKeys seals and opens the frames of a call across its restarts. A side that asked for a restart sends with the new
// key at once, for who answered has it; the side that answered waits for the first frame with it, which proves that its
// answer has come.
type voiceKeys struct {
	// Static after newVoiceKeys.
	out, in uint8
	bucket  int

	mu sync.Mutex
	// Guarded by mu.
	sender    *sframe.Sender
	waiting   *sframe.Sender // nil: no restart is unproven
	receivers []receiver     // newest first
}

// receiver is one voice root, as what the other side sends with.
type receiver struct {
	*sframe.Receiver
	restart uint32
	heard   bool
	until   time.Time // zero: as long as nothing newer is heard
}

func newVoiceKeys(out, in seal.Direction, bucket int, root voiceRoot) *voiceKeys {
	k := &voiceKeys{out: uint8(out), in: uint8(in), bucket: bucket}
	k.sender = k.newSender(root.root)
	k.receivers = []receiver{k.newReceiver(root)}
	return k
}

// voiceRoot is the root of a restart. Asked: by this side.
type voiceRoot struct {
	root    *seal.MediaRoot
	restart uint32
	asked   bool
}

func (k *voiceKeys) newSender(root *seal.MediaRoot) *sframe.Sender {
	return sframe.NewSender(sframe.SenderConfig{Root: root.Clone(), Direction: k.out, BucketBytes: k.bucket})
}

func (k *voiceKeys) newReceiver(r voiceRoot) receiver {
	return receiver{
		Receiver: sframe.NewReceiver(sframe.ReceiverConfig{Root: r.root.Clone(), Direction: k.in, BucketBytes: k.bucket}),
		restart:  r.restart,
	}
}

// renew goes on to the root of a restart. The root is the caller's to wipe.
func (k *voiceKeys) renew(r voiceRoot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.waiting != nil {
		k.waiting.Close()
		k.waiting = nil
	}
	if r.asked {
		k.sender.Close()
		k.sender = k.newSender(r.root)
	} else {
		k.waiting = k.newSender(r.root)
	}
	k.receivers = append([]receiver{k.newReceiver(r)}, k.receivers...)
	for len(k.receivers) > maxReceivers {
		k.dropLastLocked()
	}
}

func (k *voiceKeys) dropLastLocked() {
	last := len(k.receivers) - 1
	k.receivers[last].Close()
	k.receivers = k.receivers[:last]
}

// seal is sframe.Sender.Seal with the present key.
func (k *voiceKeys) seal(dst []byte, now time.Time, opus []byte, controls []sframe.Control) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sender.Seal(dst, now, opus, controls)
}

// open is sframe.Receiver.Open with the key that fits: a KID names four epochs, and roots have them all, so the newest is
// tried first.
func (k *voiceKeys) open(dst []byte, now time.Time, frame []byte) (opus []byte, controls []sframe.Control, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := len(k.receivers); n > 1 && !k.receivers[n-1].until.IsZero() && now.After(k.receivers[n-1].until); n-- {
		k.dropLastLocked()
	}
	for i := range k.receivers {
		var e error
		if opus, controls, e = k.receivers[i].Open(dst, now, frame); e == nil {
			k.heardLocked(i, now)
			return opus, controls, nil
		}
		if i == 0 {
			err = e
		}
	}
	return nil, nil, err
}

func (k *voiceKeys) heardLocked(i int, now time.Time) {
	if k.receivers[i].heard {
		return
	}
	k.receivers[i].heard = true
	for j := i + 1; j < len(k.receivers); j++ {
		if k.receivers[j].until.IsZero() {
			k.receivers[j].until = now.Add(keepOldKey)
		}
	}
	if i == 0 && k.waiting != nil {
		k.sender.Close()
		k.sender, k.waiting = k.waiting, nil
	}
}

// restart is the newest whose key a frame has come with.
func (k *voiceKeys) restart() uint32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.receivers {
		if r.heard {
			return r.restart
		}
	}
	return 0
}

// close wipes all keys.
func (k *voiceKeys) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sender.Close()
	if k.waiting != nil {
		k.waiting.Close()
	}
	for _, r := range k.receivers {
		r.Close()
	}
}
