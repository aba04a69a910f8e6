package seal_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// A whole handshake without a network: what the one side returns is what the other side opens.
func ExampleCaller() {
	now := time.Now()
	alice, err1 := identity.Generate(now, "https://a.example")
	bob, err2 := identity.Generate(now, "https://b.example")
	aliceQueue, err3 := envelope.NewQueueID(rand.Reader)
	bobQueue, err4 := envelope.NewQueueID(rand.Reader)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		fmt.Println(err)
		return
	}
	caller, err := seal.NewCaller(seal.CallerConfig{
		Identity: alice, Now: now, Published: bob.Published(), ReplyServer: alice.Server(), ReplyQueue: aliceQueue,
		Relay: seal.Relay{URLs: []string{"turn:relay.example"}, Username: "1767324000:1", Password: "secret"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	offer := caller.Offers()[0].Envelope
	var replay seal.ReplaySet // to be stored before it rings
	in, err := seal.OpenMailbox(bob, &offer, now, 0, &replay)
	if err != nil {
		fmt.Println(err)
		return
	}
	callee := in.(*seal.Callee)
	ring, err1 := callee.Ring(bobQueue, &seal.Transport{})
	device, _, err2 := caller.Open(now, &ring)
	accept, err3 := callee.Accept(nil) // the human presses
	_, _, err4 = caller.Open(now, &accept)
	_, confirm, root, err5 := caller.Confirm(device)
	_, err6 := callee.Open(&confirm)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("same voice key:", root.Base(0) == callee.Root().Base(0))
	fmt.Println("same code:", caller.Code(device) == callee.Code(), len(callee.Code()))
	_, err = seal.OpenMailbox(bob, &offer, now, 0, &replay)
	fmt.Println(err)
	// Output:
	// same voice key: true
	// same code: true 11
	// seal: offer seen before
}
