// Package seal is the handshake of a call and the envelopes it travels in. Pure: it is given the time and does no I/O;
// randomness comes from crypto/rand.
//
//	A: NewCaller ── OFFER ──▶ OpenMailbox :B         one to each device of B, sealed to its prekey
//	A: Open      ◀── RING ─── Ring        :B         sealed to A's per-call key
//	A: Open      ◀── ACCEPT ─ Accept      :B         carries the secret drawn at the human's press
//	A: Confirm   ── CONFIRM ▶ Open        :B         selects this device; both can make the voice key
//	A: Open      ◀─ CONNECTED Connected   :B
//	             CANDIDATES, RESTART, REJECT, ELSEWHERE, HANGUP, NOP
//
// # Envelopes
//
// Every envelope has 4096 bytes, whatever is inside ([envelope] shows the outside). The plaintext is
//
//	type u8 ‖ body ‖ signature [64] of OFFER-class and RING-class messages ‖ 0x80 ‖ zeros        (ISO/IEC 7816-4)
//
// and comes in three classes, which nobody but the receiver can tell apart:
//
//	OFFER class   HPKE base mode to a prekey, signed by the caller's device: OFFER, and ELSEWHERE and HANGUP to a device
//	              that has not sent RING
//	RING class    HPKE base mode to the caller's per-call key, signed by the callee's device: RING, and REJECT before it
//	session       ChaCha20-Poly1305 under the keys of the handshake, all else; enc holds a real encapsulation to a
//	              throw-away key, for random bytes lie off the curve half of the time and would mark these envelopes.
//	              The additional data is the header and enc, so that no byte can be changed
//
// # Key schedule
//
// Suite 1 is X-Wing (ML-KEM-768 + X25519), HKDF-SHA256, ChaCha20-Poly1305 and Ed25519. LP(x) is a u16 length and x;
// TH(l, a, b…) = SHA-256(LP(l) ‖ u32 len(a) ‖ a ‖ u32 len(b) ‖ b …).
//
//	enc1,S1 = HPKE.SetupBaseS(prekeyB, "taciturn/1 offer" ‖ TH("prekey", prekeyB, deviceKeyB))
//	sigA    = Ed25519(deviceKeyA, "taciturn/1 sig offer" 0x00 ‖ TH("o", aad, enc1, offer, deviceKeyB))
//	th1     = TH("th1", aad, enc1, ct1, inner1)            x1 = S1.Export("taciturn/1 x1", 32)
//	enc2,S2 = HPKE.SetupBaseS(ekA, "taciturn/1 ring" ‖ th1)
//	sigB    = Ed25519(deviceKeyB, "taciturn/1 sig ring" 0x00 ‖ TH("r", th1, enc2, ring))
//	th2     = TH("th2", th1, aad2, enc2, ct2, inner2)      x2 = S2.Export("taciturn/1 x2", 32)
//	hs      = HKDF-Extract(salt th2, x1 ‖ x2)              K(l, n) = HKDF-Expand(hs, "taciturn/1 " ‖ l, n)
//	th3     = TH("th3", th2, accept)                       finA = HMAC(K("finA"), th3)
//	th4     = TH("th4", th3, confirm)                      finB = HMAC(K("finB"), th4)
//	mr      = HKDF-Extract(salt th4, K("media") ‖ accept secret): the [MediaRoot]
//
// # Renewal
//
// The two directions of voice ratchet by the clocks of their senders, so there is no present root that both sides share: the
// next one is made from a secret beside the roots, of which none of theirs can be computed.
//
//	rk_0   = HKDF-Expand(mr, "taciturn/1 renew", 32)       of the root of epoch 0
//	enc,S  = HPKE.SetupBaseS(ek of RESTART, "taciturn/1 restart" ‖ th4)        RESTART-ACK carries enc
//	x      = S.Export("taciturn/1 x3", 32)
//	mr_n   = HKDF-Extract(salt TH("rk", th4, RESTART, RESTART-ACK), x ‖ rk_{n-1})         its first epoch is n·65536
//	rk_n   = HKDF-Expand(mr_n, "taciturn/1 renew", 32)
//
// RESTART and RESTART-ACK are the plaintexts without padding, type byte first. Whoever recorded a call and takes a root out of a
// phone's memory cannot read what was said before the last ratchet, nor anything after the next restart.
//
// # Session envelopes
//
// A session envelope's nonce is K("a2b iv") XOR its sequence number; its key id is HMAC(K("id a2b"), sequence)[:8]. The
// receiver keeps the next 64 ids, which finds the number, hides the counter and drops junk before the cipher runs. B to A
// likewise with "b2a".
//
// # The short code
//
// OFFER commits to nA, RING carries nB, CONFIRM opens nA. Without the commitment, whoever runs a handshake with each side
// could try until both codes match (RFC 6189 section 4.4.1.1). The code is 33 bits of HKDF-Expand(hs, "taciturn/1 code" ‖
// LP(nA) ‖ LP(nB)).
//
// # Consent
//
// The voice key needs the accept secret, which is drawn when the callee's human presses accept, and th4, which needs nA,
// which only the confirmed device learns. Before ACCEPT nobody has a voice key, after CONFIRM exactly two devices do.
//
// # Replay
//
// An OFFER must be at most 60 s old by the server's word, signed within 90 s of the time this leads to, and its
// encapsulation must not be in the [ReplaySet], which its owner stores.
//
// # Errors
//
// All that is wrong with an envelope is [ErrEnvelope] to the network, which never gets an answer; the finer errors
// ([ErrStale], [ErrReplayed], [ErrClock], [ErrSuite]) exist where a person can do something about it. Errors name nobody.
//
// [envelope]: https://pkg.go.dev/github.com/taciturn-voice/taciturn/signaling/envelope
package seal
