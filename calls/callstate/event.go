package callstate

import (
	"time"

	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Event is something that happened.
type Event interface{ event() }

// The events of a call's beginning.
type (
	// Dial: the caller's human pressed call.
	Dial struct{}
	// OfferOpened: the callee verified an OFFER.
	OfferOpened struct {
		Visible bool              // the caller may learn that we are here
		Busy    bool              // no place for it: short for Refuse with RejectBusy
		Refuse  seal.RejectReason // do not ring; only a caller who may see us is told
		Parked  bool              // do not ring yet
		Age     time.Duration     // how long the offer has waited at the server: so much of the ring is over
	}
	// Yield: the human of an outgoing call is being called by the one who was dialed. Ours: both offers are out and ours
	// wins. See Line.
	Yield struct{ Ours bool }
	// Unpark: a parked offer may ring.
	Unpark struct{}
	// Refuse ends a parked offer with an answer, if the caller may see us.
	Refuse struct{ Reason seal.RejectReason }
	// Superseded: the call is over at the other side, which has begun a new one.
	Superseded struct{}
	// Prepared answers Prepare. Devices are the caller's targets. Role is that of the call when Prepare was said: an answer to
	// a role that a Yield has ended is ignored; zero: the present role.
	Prepared struct {
		Devices []record.DeviceID
		Role    Role
	}
	// PrepareFailed answers Prepare.
	PrepareFailed struct {
		Result Result
		Role   Role
	}
	// OfferTaken: a server has taken an OFFER, so some device may be ringing.
	OfferTaken struct{}
	// PressAccept, PressReject and PressHangup are the human's.
	PressAccept struct{}
	PressReject struct{ Reason seal.RejectReason }
	PressHangup struct{}
	// Quit is the end of the app: like PressHangup, but nobody has declined who was never shown to be here.
	Quit struct{}
)

// Received: a message was opened and authenticated. Device is the sender for a caller, zero for a callee.
type Received struct {
	Device    record.DeviceID
	Type      seal.Type
	Transport bool              // RING, ACCEPT: it says where the other side's media is
	Reject    seal.RejectReason // REJECT
	Hangup    seal.HangupReason // HANGUP
	Epoch     uint32            // RESTART, RESTART-ACK
}

// The events of media, and the clock's.
type (
	// MediaUp: voice can flow.
	MediaUp struct{}
	// MediaFailed: no path could be made, or the one there was is gone and cannot be had again.
	MediaFailed struct{}
	// MediaImpaired: dead air, or the network under the path has changed; a restart may help.
	MediaImpaired struct{}
	// MediaRestored: authentic voice arrives, for the first time, again, or for the first time with a new key. Epoch is that of
	// the last restart whose key its frames have.
	MediaRestored struct{ Epoch uint32 }
	// Renew: the voice key is old, though nothing is wrong: a restart for the sake of the key.
	Renew struct{}
	// InCallHangup: the other side's hang-up came inside a voice frame.
	InCallHangup struct{ Reason seal.HangupReason }
	// InCallHangupAcked: the other side has acknowledged ours.
	InCallHangupAcked struct{}
	// Timeout: Deadline has passed.
	Timeout struct{}
)

func (Dial) event()              {}
func (OfferOpened) event()       {}
func (Yield) event()             {}
func (Unpark) event()            {}
func (Refuse) event()            {}
func (Superseded) event()        {}
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
func (MediaImpaired) event()     {}
func (MediaRestored) event()     {}
func (Renew) event()             {}
func (InCallHangup) event()      {}
func (InCallHangupAcked) event() {}
func (Timeout) event()           {}
