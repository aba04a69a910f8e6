package virtual

import (
	"context"
	"net/netip"
	"time"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/netsim"
)

// phone is a phone online, in somebody's hand.
type phone struct {
	*calls.Phone
	host    *netsim.Host
	profile *calls.Profile
}

// onlineWithin bounds registration, over a perfect network.
const onlineWithin = time.Minute

// phone registers somebody and brings their phone online, until the test ends.
func (w *world) phone(at netip.Addr, voice [][]byte) *phone {
	w.t.Helper()
	p := &phone{host: w.Host(at)}
	ctx, cancel := context.WithTimeout(w.t.Context(), onlineWithin)
	defer cancel()
	var err error
	p.profile, err = calls.ProfileConfig{DialContext: p.host.DialContext}.Create(ctx, "", serverURL, nil)
	must(w.t, err)
	p.Phone, err = calls.New(calls.Config{
		Profile: p.profile, DialContext: p.host.DialContext, ListenPacket: p.host.ListenPacket, Log: quiet,
		NewEncoder: func() (audio.Encoder, error) { return &sharedEncoder{voice: voice}, nil },
		NewDecoder: func() (audio.Decoder, error) { return deaf{}, nil },
	})
	must(w.t, err)
	serving, stop := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); _ = p.Serve(serving) }()
	w.t.Cleanup(func() { stop(); <-served })
	must(w.t, p.WaitOnline(ctx))
	return p
}

// befriend makes two people each other's contacts.
func befriend(w *world, a, b *phone) {
	w.t.Helper()
	must(w.t, a.profile.AddContact("other", b.profile.Link()))
	_, err := b.profile.ContactForLink(a.profile.Link())
	must(w.t, err)
}

// sharedEncoder gives each phone packets that were encoded once.
type sharedEncoder struct {
	voice [][]byte
	next  int
}

// Encode ignores the samples.
func (e *sharedEncoder) Encode(_ []int16, out []byte) (int, error) {
	n := copy(out, e.voice[e.next%len(e.voice)])
	e.next++
	return n, nil
}

// deaf decodes to silence: what arrives when is seen on the wire.
type deaf struct{}

func (deaf) Decode(_ []byte, pcm []int16) error    { clear(pcm); return nil }
func (deaf) DecodeFEC(_ []byte, pcm []int16) error { clear(pcm); return nil }
func (deaf) Conceal(pcm []int16) error             { clear(pcm); return nil }
