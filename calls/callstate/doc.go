// Package callstate decides what happens in calls. Pure: it is given the time, and says what to do; it has no clock, no
// goroutine and does no I/O, so every order of events can be tried.
//
// A [Machine] is one call as a value:
//
//	actions := machine.Step(now, event)     // whenever something happened, and Timeout{} at Deadline()
//
// A [Line] is what needs a view over all calls of a device: glare, recall, busy, call waiting. It makes no call itself:
//
//	orders := line.Step(now, Dialed{…})     // the human pressed call
//	orders := line.Step(now, Offered{…})    // an OFFER was verified
//	orders := line.Step(now, Withdrawn{…})  // its caller said ELSEWHERE or HANGUP before hearing RING
//	orders := line.Step(now, MovedTo(ref, machine))  // after each Step of a Machine
//	orders := line.Step(now, Tick{})        // at Deadline()
//
// # The caller
//
//	          Dial                    Prepared              RING                ACCEPT               media up
//	(new) ───────────▶ preparing ───────────────▶ dialing ──────▶ ringing ───────────────▶ connecting ────────▶ talking
//	       Prepare                 SendOffer ×n            ShowRinging     SendConfirm                StartVoice
//	                               (repeated)              ConnectMedia    SendElsewhere (others)
//
// All devices of the callee ring; the first valid ACCEPT is confirmed and no other. The others hear ELSEWHERE, also those
// that have never sent RING. A human's REJECT ends the call on all devices; a device that is busy or cannot connect leaves
// it to the others. If none has sent RING in OfferTimeout, one SendMissed leaves a note.
//
// # The callee
//
//	        OfferOpened                PressAccept          Prepared           CONFIRM                media up
//	(new) ─────────────▶ alerting ──────────────▶ accepted ──────────▶ accepted ──────▶ connecting ────────────▶ talking
//	  │     Alert        ▲  │          Prepare if the       SendRing     SendConnected            StartVoice
//	  │                  │  ▼          caller may not know  ConnectMedia
//	  │           Unpark │  Prepare if visible              SendAccept
//	  └────────────────▶ parked
//	    OfferOpened.Parked
//
// A callee that the caller may see ([OfferOpened].Visible) prepares media and sends RING while it alerts, so that the
// path is ready before the human picks up. For anybody else nothing is prepared and no packet is sent before the human
// accepts. Refusals without a human (busy, off-hours) all take the same way in the same time, and only callers who may see
// us hear them. A blocked caller never gets as far as a Machine.
//
// # Glare
//
// Both press call at once. Of two crossing offers that of the lower account id wins (of the lower device id, if an account
// calls itself). The winner parks the other's offer, unheard. The loser turns its press into an accept ([Yield]): the same
// Machine, for the human the same call, becomes a callee's that has accepted:
//
//	preparing, dialing or ringing ──────────────────────────────────────▶ accepted (callee)
//	                               SendElsewhere ×n, BecomeCallee, Prepare
//
// Who has not sent an offer yet yields to any. A parked offer ends with the ELSEWHERE of the side that yields; it rings if
// the call it waits for comes to nothing.
//
// # Recall
//
// A device has one call with an account at a time: the Line refuses a second press of call ([Engaged]) and turns a press
// while the other side's call rings into its accept ([Join]). So a newer offer of a device says that its older call is
// over there, however alive it looks here: the old one ends ([Superseded]) and the new one rings. Times of one device are
// compared with each other. If we made the old call, an offer of its callee may also be the late loser of a glare: it is
// parked until the other side has shown that it is in our call (then it goes) or there is dead air (then it rings).
// Offers that are older than the newest of their device, or whose end was heard before them, are dropped.
//
// # Restart
//
// A call that has keys gets a new path and a fresh key by RESTART and RESTART-ACK, each of epoch + 1, where epoch counts
// the restarts of a call:
//
//	           MediaImpaired                      RESTART-ACK e+1
//	healthy ──────────────────▶ asked (repeated) ─────────────────▶ epoch e+1 ── still impaired after 5 s or 8 s ──▶ asked
//	   │         SendRestart e+1    │                FinishRestart
//	   │                            │ RESTART e+1, at the callee: glare, the caller's wins
//	   │ RESTART e+1                ▼ AbandonRestart
//	   └──────────────────────────▶ unsure (RESTART-ACK repeated) ── MediaRestored{e+1}, RESTART e+2 or its ACK ──▶ healthy
//	                SendRestartAck e+1
//
// A side that answers hears with both keys and goes on sending with the old one until a frame with the new one arrives. A
// RESTART that overtakes what it builds on is held and answered later, for what is opened once cannot be opened again. The
// state is StateTalking all along; [Machine.Impaired] tells the difference. After RecoverTimeout without voice the call
// ends.
//
// What the two messages say, and what a phone does with them:
//
//	RESTART      epoch  ufrag pwd  candidates  ek    X-Wing public key, made for this restart
//	RESTART-ACK  epoch  ufrag pwd  candidates  ct    its encapsulation
//
// The ICE credentials are those that are valid from now on. If they are the ones known already, there is no ICE restart: the
// candidates are further ones of the same ICE session, to be added like those of CANDIDATES, and the answer repeats this
// side's own. If they are new, the sender has restarted ICE, and the answer has new ones too (RFC 8839 section 4.4.3.1.1).
// A native phone never restarts ICE of its own accord, because it moves to another path beneath ICE ([media], "Paths"); a
// browser has no other way to gather again, so it always does (RTCPeerConnection.restartIce), and each side must understand
// both. DTLS, SRTP, fingerprints, SSRC and the RTP counters live on. Addresses that are found later follow in CANDIDATES.
//
// The key: both sides make the next voice root from the share and from both plaintexts ([seal], "Renewal"). Restart n counts
// SFrame's epochs from n·65536, so KIDs begin at 0 again: for five seconds after the first frame of the new root a receiver
// that fails to open a frame with it tries the root before.
//
// Every half hour a healthy caller begins a restart for the sake of the key alone ([Renew]): the same messages.
//
// # The end
//
// PressHangup while talking sends the hang-up inside the voice frames and waits for its acknowledgement; after 300 ms (at
// once in dead air) a copy goes through the server, after 2 s the call ends regardless. The side that hears the hang-up
// acknowledges it for 200 ms and ends. Every call ends in exactly one Finish, which is its last action; afterwards Step
// does nothing.
//
// # Invariants
//
// StartVoice comes at most once, and only after SendConfirm or after CONFIRM. At most one device is confirmed. A message of
// the wrong role or in the wrong state changes nothing and is not answered. What a dying server may have lost is repeated,
// bit by bit the same ([Repeat]), until the next step of the other side shows that it came. A side whose counterpart has
// hung up ends within 5 s of hearing so, and without hearing so 30 s after the dead air is noticed; one that only rings, at
// the end of its ring. A Line remembers nothing for longer than 90 s.
//
// The tests hold all this against every (role, state, message) triple, against every order of the stories above with a
// budget of losses and duplicates, and against a million random schedules:
//
//	go test -run TestSchedules -v -seed 7 ./calls/callstate     // tell the story of seed 7
//
// Sources: protocol, section 4; RFC 3261 for the names of the states of a ringing call.
//
// [media]: https://pkg.go.dev/github.com/taciturn-voice/taciturn/calls/media
// [seal]: https://pkg.go.dev/github.com/taciturn-voice/taciturn/calls/seal
package callstate
