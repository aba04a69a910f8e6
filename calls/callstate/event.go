package callstate

import (
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Event is something that happened.
type Event interface{ event() }

// The events.
type (
	// Dial: the caller's human pressed call.
	Dial struct{}
	// OfferOpened: the callee verified an OFFER. Visible: the caller may learn that we are here. Busy: no place for it.
	OfferOpened struct{ Visible, Busy bool }
	// Prepared answers Prepare. Devices are the caller's targets.
	Prepared struct{ Devices []record.DeviceID }
	// PrepareFailed answers Prepare.
	PrepareFailed struct{ Result Result }
	// OfferTaken: a server has taken an OFFER, so some device may be ringing.
	OfferTaken struct{}
	// Received: a message was opened and authenticated. Device is the sender for a caller, zero for a callee.
	Received struct {
		Device    record.DeviceID
		Type      seal.Type
		Transport bool              // RING, ACCEPT: it says where the other side's media is
		Reject    seal.RejectReason // REJECT
		Hangup    seal.HangupReason // HANGUP
	}
	// PressAccept, PressReject and PressHangup are the human's.
	PressAccept struct{}
	PressReject struct{ Reason seal.RejectReason }
	PressHangup struct{}
	// Quit is the end of the app: like PressHangup, but nobody has declined who was never shown to be here.
	Quit struct{}
	// MediaUp: voice can flow.
	MediaUp struct{}
	// MediaFailed: no path could be made, or the one there was is gone.
	MediaFailed struct{}
	// InCallHangup: the other side's hang-up came inside a voice frame.
	InCallHangup struct{ Reason seal.HangupReason }
	// InCallHangupAcked: the other side has acknowledged ours.
	InCallHangupAcked struct{}
	// Timeout: Deadline has passed.
	Timeout struct{}
)

func (Dial) event()              {}
func (OfferOpened) event()       {}
func (Prepared) event()          {}
func (PrepareFailed) event()     {}
func (OfferTaken) event()        {}
func (Received) event()          {}
func (PressAccept) event()       {}
func (PressReject) event()       {}
func (PressHangup) event()       {}
func (Quit) event()              {}
func (MediaUp) event()           {}
func (MediaFailed) event()       {}
func (InCallHangup) event()      {}
func (InCallHangupAcked) event() {}
func (Timeout) event()           {}
