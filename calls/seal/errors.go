package seal

import "errors"

var (
	// ErrEnvelope: the envelope is not for us, is damaged, forged, or says what it must not say. It is dropped unanswered.
	ErrEnvelope = errors.New("seal: envelope refused")
	// ErrStale: the offer is older than 60 s.
	ErrStale = errors.New("seal: offer too old")
	// ErrReplayed: the offer was seen before, or so many came that the memory of them is full.
	ErrReplayed = errors.New("seal: offer seen before")
	// ErrClock: the clocks of the two devices differ by more than 90 s.
	ErrClock = errors.New("seal: the clocks differ; check the date and time of this device")
	// ErrSuite: no cryptographic suite in common, or a weaker one than this contact had before.
	ErrSuite = errors.New("seal: no acceptable cryptographic suite")
	// ErrNoDevice: the contact has no device that can be called now.
	ErrNoDevice = errors.New("seal: no device with a valid prekey")
	// ErrState: the handshake is not at the point where this can be done.
	ErrState = errors.New("seal: not now")
	// ErrTooLarge: the message does not fit into an envelope.
	ErrTooLarge = errors.New("seal: message larger than an envelope")
)
