package sframe_test

import (
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/taciturn-voice/taciturn/calls/sframe"
)

// root stands in for seal.MediaRoot, which both sides have after a handshake.
type root struct{ epoch uint32 }

func (r *root) Base(dir uint8) [64]byte {
	return sha512.Sum512(binary.BigEndian.AppendUint32([]byte{dir}, r.epoch))
}
func (r *root) Epoch() uint32 { return r.epoch }
func (r *root) Ratchet()      { r.epoch++ }
func (r *root) Wipe()         {}

// Frames have one size, whatever is in them, and are opened once.
func ExampleSender() {
	sender := sframe.NewSender(sframe.SenderConfig{Root: new(root)})
	receiver := sframe.NewReceiver(sframe.ReceiverConfig{Root: new(root)})
	defer sender.Close()
	defer receiver.Close()
	now := time.Now()
	speech, _ := sender.Seal(nil, now, []byte("eighty bytes of Opus"), nil)
	muted, _ := sender.Seal(nil, now, nil, []sframe.Control{{Kind: sframe.ControlMute, Muted: true}})
	fmt.Println(len(speech), len(muted))

	opus, _, err := receiver.Open(nil, now, speech)
	fmt.Printf("%s %v\n", opus, err)
	_, controls, err := receiver.Open(nil, now, muted)
	fmt.Println(controls[0].Muted, err)
	_, _, err = receiver.Open(nil, now, speech)
	fmt.Println(err)
	// Output:
	// 115 115
	// eighty bytes of Opus <nil>
	// true <nil>
	// sframe: replayed frame
}
