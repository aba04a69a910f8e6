// Package calls places and takes end-to-end-encrypted voice calls. It is the library that client apps import.
//
// A [Profile] is who one is: identity, contacts and the memory of offers seen. A [Phone] is a profile online. A [Call]
// is one call, from the press of a button to exactly one [Result].
//
//	profile, err := calls.OpenProfile(dir, nil)
//	phone, err := calls.New(calls.Config{Profile: profile})
//	go phone.Serve(ctx)                       // online until ctx ends, reconnecting by itself
//
//	call, err := phone.Dial(ctx, contact, calls.Audio{Source: microphone, Sink: speaker})
//	for event := range call.Events() { … }    // ends when the call has ended
//
//	call := <-phone.Incoming()
//	err = call.Accept(calls.Audio{Source: microphone, Sink: speaker})
//
// Two whole programs are in docs/examples: echo, a service that takes every call, and announce, which calls somebody and plays a
// file to them.
//
// # What happens in a call
//
//	caller                                 callee
//	Dial: fetch device list and prekeys,
//	      mint relay credentials, allocate
//	OFFER ───────────────────────────────▶ open, verify, policy
//	StateRinging ◀──────────────── RING    Incoming; path pre-warmed for contacts
//	              ◀─────────────── ACCEPT  Accept: the human's press draws a secret that the voice key needs
//	CONFIRM ─────────────────────────────▶
//	StateTalking ◀──────────── CONNECTED   StateTalking
//	═══ Opus 32 kbit/s CBR ▶ pad ▶ SFrame ▶ SRTP ▶ TURN ═══
//	hang-up and mute ride inside the padding of voice frames
//
// No key exists before a human accepts, so no voice can leave before: the microphone of either side is first read when
// the state becomes [StateTalking].
//
// # Several calls
//
// There is one call with one person at a time. When both press call at once, one call results and neither phone rings: the
// offer of the lower account id wins, and the other side's press becomes an accept. A person whose app crashed in a call
// and who calls again takes the dead call's place. [Config.MaxCalls] says when callers hear busy, [Config.Screen] whom
// they do not reach. callstate.Line decides all that; the switchboard carries it out.
//
// # Staying up
//
// The other side sends a frame every 20 ms, so its silence means that the path is broken.
//
//	0.6 s of silence   is the relay still there? If not, allocate again (package media, "Paths")
//	1 s                EventPathLost; RESTART through the server: new addresses and a new key (package callstate, "Restart")
//	network changed    both at once: [Phone.NetworkChanged], which [Config.WatchNetwork] calls
//	30 s               the call ends with media-lost
//
// The old path is used until the new one is proven. Signaling is needed only where both sides have lost their addresses;
// its own connections are made anew at the same time, under the same queue ids, so both sides find each other again on a
// server that has lost its memory. Every half hour the caller asks for a new key in a call that is well; between restarts each
// sender ratchets once a minute.
//
// # How good it is
//
// [Call.Stats] counts under the W3C's names and judges by the E-model what has been heard: MOS_CQEF, with the ceiling that the
// codec sets, of the whole call and of its last three seconds. [EventQuality] says when a person should be told that the network is
// poor, and that it is good again: once each, however it flaps (quality.Watch).
//
// # What the network may see
//
// Only relay candidates are used: neither side learns the other's address. A ringing phone answers by itself only to
// callers that [Config.RingVisibility] allows (by default: its contacts); for anybody else it rings in silence, without
// a packet, until its human accepts. Every voice packet has one size and one spacing, also while muted.
//
// # Concurrency
//
// All methods may be called from any goroutine. Each call has one loop that owns its state; [Phone.Close] and the end of
// [Phone.Serve] wait for every goroutine.
//
// # Errors
//
// Errors name no person, address or call, so they can be logged.
package calls
