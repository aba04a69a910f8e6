package callstate

import (
	"github.com/taciturn-voice/taciturn/calls/seal"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// Action is something to do, in the order given.
type Action interface{ action() }

// The actions.
type (
	// Prepare: gather what the call needs (caller: directory, relay, queue, offers; callee: relay and queue) and answer with
	// Prepared or PrepareFailed.
	Prepare struct{}
	// SendOffer: submit the device's OFFER, bit by bit the same each time.
	SendOffer struct{ Device record.DeviceID }
	// SendRing: with this side's transport.
	SendRing struct{}
	// SendAccept: draw the secret of consent.
	SendAccept struct{}
	// SendConfirm: make the voice key with this device and no other.
	SendConfirm struct{ Device record.DeviceID }
	// SendConnected proves the keys to the caller.
	SendConnected struct{}
	// Repeat: submit the last envelope of this type to this device again, bit by bit the same: a server that dies loses what
	// it has taken. Device is zero for a callee. Who receives it twice drops it.
	Repeat struct {
		Device record.DeviceID
		Type   seal.Type
	}
	// SendReject refuses.
	SendReject struct{ Reason seal.RejectReason }
	// SendHangup goes through the server; Device is zero for a callee.
	SendHangup struct {
		Device record.DeviceID
		Reason seal.HangupReason
	}
	// SendElsewhere stops a device from ringing.
	SendElsewhere struct {
		Device   record.DeviceID
		Declined bool
	}
	// SendMissed leaves a note for when the device is back: nobody has rung. At most one a call.
	SendMissed struct{ Device record.DeviceID }
	// BecomeCallee: forget the caller's half (handshake, queue, path, whatever Prepare is still doing) and go on with the
	// handshake of the offer that came with Yield. The human has pressed already.
	BecomeCallee struct{}
	// SendInCallHangup goes inside voice frames until acknowledged.
	SendInCallHangup struct{ Reason seal.HangupReason }
	// AckInCallHangup goes inside voice frames.
	AckInCallHangup struct{}
	// Alert: ring, at the callee.
	Alert struct{}
	// ShowRinging: at the caller.
	ShowRinging struct{}
	// ConnectMedia: the other side's transport is known; Device is zero for a callee.
	ConnectMedia struct{ Device record.DeviceID }
	// StartVoice: open the microphone.
	StartVoice struct{}
	// SendRestart: gather again, make a new key share, and send both; the old path stays.
	SendRestart struct{ Epoch uint32 }
	// SendRestartAck answers the RESTART of this epoch with this side's new path and key share, and tries the new path.
	SendRestartAck struct{ Epoch uint32 }
	// FinishRestart: RESTART-ACK of this epoch has come: take the new key and try the new path.
	FinishRestart struct{ Epoch uint32 }
	// AbandonRestart: ours has lost against theirs: forget what it was made of.
	AbandonRestart struct{}
	// StopMedia: close it, and the path.
	StopMedia struct{}
	// Finish: the call is over. Always the last action.
	Finish struct{ Result Result }
)

func (Prepare) action()          {}
func (SendOffer) action()        {}
func (SendRing) action()         {}
func (SendAccept) action()       {}
func (SendConfirm) action()      {}
func (SendConnected) action()    {}
func (Repeat) action()           {}
func (SendReject) action()       {}
func (SendMissed) action()       {}
func (BecomeCallee) action()     {}
func (SendRestart) action()      {}
func (SendRestartAck) action()   {}
func (FinishRestart) action()    {}
func (AbandonRestart) action()   {}
func (SendHangup) action()       {}
func (SendElsewhere) action()    {}
func (SendInCallHangup) action() {}
func (AckInCallHangup) action()  {}
func (Alert) action()            {}
func (ShowRinging) action()      {}
func (ConnectMedia) action()     {}
func (StartVoice) action()       {}
func (StopMedia) action()        {}
func (Finish) action()           {}
