// Package callstate is one call as a value. Pure: it is given the time, and says what to do; it has no clock, no goroutine
// and does no I/O, so every order of events can be tried.
//
//	actions := machine.Step(now, event)     // whenever something happened, and Timeout{} at Deadline()
//
// # The caller
//
//	          Dial                    Prepared              RING                ACCEPT               media up
//	(new) ───────────▶ preparing ───────────────▶ dialing ──────▶ ringing ───────────────▶ connecting ────────▶ talking
//	       Prepare                 SendOffer ×n            ShowRinging     SendConfirm                StartVoice
//	                               (repeated)              ConnectMedia    SendElsewhere (others)
//
// # The callee
//
//	        OfferOpened                PressAccept          Prepared           CONFIRM                media up
//	(new) ─────────────▶ alerting ──────────────▶ accepted ──────────▶ accepted ──────▶ connecting ────────────▶ talking
//	        Alert                    Prepare if the       SendRing     SendConnected            StartVoice
//	        Prepare if visible       caller may not know  ConnectMedia
//	                                 that we are here     SendAccept
//
// A callee that the caller may see ([OfferOpened].Visible) prepares media and sends RING while it alerts, so that the
// path is ready before the human picks up. For anybody else nothing is prepared and no packet is sent before the human
// accepts.
//
// # The end
//
// PressHangup while talking sends the hang-up inside the voice frames and waits for its acknowledgement; after 300 ms a
// copy goes through the server, after 2 s the call ends regardless. The side that hears the hang-up acknowledges it for
// 200 ms and ends. Every call ends in exactly one Finish, which is its last action; afterwards Step does nothing.
//
// # Invariants
//
// StartVoice comes at most once, and only after SendConfirm or after CONFIRM. At most one device is confirmed. A message of
// the wrong role or in the wrong state changes nothing and is not answered.
//
// Sources: protocol, section 4; RFC 3261 for the names of the states of a ringing call.
package callstate
