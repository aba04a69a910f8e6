package calls

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/taciturn-voice/taciturn/calls/audio"
)

// RingVisibility says to whose offers a phone answers RING by itself, which tells the caller that it is online and
// lets both sides warm the path up.
type RingVisibility uint8

// The zero value is the default.
const (
	RingContacts RingVisibility = iota // contacts only
	RingEveryone                       // anyone who has the link
	RingNobody                         // no one: RING goes out together with ACCEPT
)

// Config is what a Phone is made of. It must not be changed after New.
type Config struct {
	// Profile is who this phone is. Required.
	Profile *Profile

	// RingVisibility says who may learn that this phone is online by ringing it. Default: contacts.
	RingVisibility RingVisibility

	// MaxCalls is how many calls may be live at once before callers hear busy. Default 1, negative: no limit. With 2 and
	// more a caller rings while the human talks (call waiting).
	MaxCalls int

	// Screen decides about a caller before anything rings. Default: everybody may ring. It must not block and may run
	// concurrently.
	Screen func(Caller) Verdict

	// NewEncoder makes the Opus encoder of one call. Default: audio.NewEncoder at 32 kbit/s. It may run concurrently.
	NewEncoder func() (audio.Encoder, error)

	// NewDecoder makes the Opus decoder of one call. Default: audio.NewDecoder. It may run concurrently.
	NewDecoder func() (audio.Decoder, error)

	// DialContext and ListenPacket replace the operating system's network: for tests and simulators. They may run
	// concurrently.
	DialContext  func(ctx context.Context, network, address string) (net.Conn, error)
	ListenPacket func(network, address string) (net.PacketConn, error)

	// WatchNetwork calls changed whenever this machine may be on another network, until ctx ends. Default: what the operating
	// system tells; nothing if DialContext or ListenPacket is set.
	WatchNetwork func(ctx context.Context, changed func())

	// Log receives states, reasons and counts, never a name. Default: slog.Default().
	Log *slog.Logger
}

func (c *Config) validate() error {
	if c.Profile == nil {
		return errors.New("calls: Config.Profile is missing")
	}
	if c.RingVisibility > RingNobody {
		return errors.New("calls: unknown Config.RingVisibility")
	}
	if c.MaxCalls == 0 {
		c.MaxCalls = 1
	}
	if c.NewEncoder == nil {
		c.NewEncoder = func() (audio.Encoder, error) { return audio.NewEncoder(audio.EncoderConfig{}) }
	}
	if c.NewDecoder == nil {
		c.NewDecoder = audio.NewDecoder
	}
	if c.WatchNetwork == nil {
		c.WatchNetwork = watchNetwork
		if c.DialContext != nil || c.ListenPacket != nil {
			c.WatchNetwork = func(context.Context, func()) {}
		}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return nil
}

// Caller is what Config.Screen knows of somebody who calls.
type Caller struct {
	Address string // "id@host"
	Name    string // of a contact; empty for a stranger
	Known   bool   // a contact
}

// Verdict is what becomes of a caller.
type Verdict uint8

// The zero value rings.
const (
	VerdictRing     Verdict = iota
	VerdictOffHours         // do not ring; a caller who may see this phone is told
	VerdictBlock            // silence: nothing rings and nothing is sent
)

// Audio is where the voice of one call comes from and goes to. A nil Source sends silence, a nil Sink discards. Neither
// is touched before both humans have agreed to talk. When Source ends (io.EOF) the call goes on with silence.
type Audio struct {
	Source audio.Source
	Sink   audio.Sink
}

var (
	// ErrOffline: the phone has no connection to its own server.
	ErrOffline = errors.New("calls: not connected to the server")
	// ErrUnknownContact: nobody is registered under this address, or the server does not say.
	ErrUnknownContact = errors.New("calls: nobody answers to this contact on its server")
	// ErrContactChanged: the directory shows other keys than the ones this contact was added with.
	ErrContactChanged = errors.New("calls: the contact's identity has changed; compare safety numbers before calling again")
	// ErrNoRelay: the relay could not be reached or refused.
	ErrNoRelay = errors.New("calls: the relay does not answer")
	// ErrEngaged: there is a call with this contact already.
	ErrEngaged = errors.New("calls: there is a call with this contact already")
	// ErrState: the call is not in a state where this can be done.
	ErrState = errors.New("calls: not possible in the call's present state")
	// ErrClosed: the phone or call has ended.
	ErrClosed = errors.New("calls: closed")
)
