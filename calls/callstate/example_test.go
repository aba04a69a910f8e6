package callstate_test

import (
	"fmt"
	"time"

	"github.com/taciturn-voice/taciturn/calls/callstate"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// A caller who gives up before anybody answers: the machine says what to do, and its owner does it.
func ExampleMachine() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	machine := callstate.New(callstate.Caller)
	for _, event := range []callstate.Event{
		callstate.Dial{},
		callstate.Prepared{Devices: []record.DeviceID{{1}, {2}}, Role: callstate.Caller},
		callstate.OfferTaken{},
		callstate.PressHangup{},
	} {
		for _, action := range machine.Step(now, event) {
			fmt.Printf("%T → %T\n", event, action)
		}
	}
	fmt.Println(machine.Result())
	// Output:
	// callstate.Dial → callstate.Prepare
	// callstate.Prepared → callstate.SendOffer
	// callstate.Prepared → callstate.SendOffer
	// callstate.PressHangup → callstate.SendHangup
	// callstate.PressHangup → callstate.SendHangup
	// callstate.PressHangup → callstate.StopMedia
	// callstate.PressHangup → callstate.Finish
	// cancelled
}
