// Package media carries sealed voice frames between two phones: one relayed,
// DTLS-SRTP protected path, built on pion/webrtc, which no other package of
// Taciturn imports.
//
// The package knows nothing of what is inside a frame. Frames arrive here
// already sealed (SFrame), leave here still sealed, and are plain bytes in
// between: whatever the peer's stack sends is handed up as bytes, and it is
// the layer above that refuses what does not authenticate.
//
// # Life of a Conn
//
//	New      checks the configuration, makes the certificate and the ICE
//	         credentials of this one call; no socket is opened
//	Gather   allocates on the relays and returns our Description
//	Connect  given the peer's Description: ICE, DTLS, fingerprint, SRTP
//	WriteFrame, ReadFrame
//	NetworkChanged, Check, AddCandidates, Restart
//	Down     closed when the peer has closed the connection, and by Close
//	Close    waits for every goroutine
//
// # What is on the wire
//
// Between the phones travels no SDP, only a Description inside a sealed
// envelope: one SHA-256 certificate fingerprint, ICE user fragment and
// password, and up to 16 relayed addresses. Each side renders the SDP that
// pion wants from one fixed template (sdp.go): one audio section, Opus only
// as payload type 111, BUNDLE, rtcp-mux, cryptex, no extmap. The caller is
// ICE-controlling and DTLS server, the callee controlled and DTLS client;
// nobody may choose otherwise, because no message says so.
//
// One frame is one RTP packet:
//
//	V=2 P=0 X=0 CC=0 | M=0 PT=111 | sequence | timestamp | SSRC | frame
//
// Sequence, timestamp and SSRC start at random values for each call, the
// timestamp advances by 960 (20 ms at 48 kHz) per frame. There are no header
// extensions (the audio level would leak speech, RFC 6464), no CSRC and no
// RTCP; RTCP received is discarded and counted. Cryptex (RFC 9335) is required
// in both directions; with neither extensions nor CSRC present it changes no
// byte, it makes the peer's stack fail rather than leak. A received packet
// with an extension, a CSRC, padding or another payload type is dropped.
//
// SRTP is AEAD_AES_256_GCM only, keyed by DTLS 1.2 with extended master secret
// and AEAD suites only. The certificate is ECDSA P-256, made for this call.
// The peer's actual certificate is compared with the announced fingerprint
// once more after the handshake, by us, and a mismatch closes the connection:
// "verify failed, connection kept" (CVE-2021-28681) cannot happen here.
//
// # Paths
//
// A path is one allocation on a relay. pion knows none of them: it has one host
// candidate, a name for all paths (its UDP mux), so a call moves from one path
// to another beneath ICE, DTLS and SRTP, which do not notice. ICE runs once, at
// the beginning.
//
//	the network has changed ─┐
//	the relay does not answer├─▶ allocate anew, beside the old path ─▶ tell the peer (OnCandidates)
//	the relay will close    ─┘        │
//	                                  ▼
//	          connectivity checks over the new path to all addresses of the peer, after 0, 50, 150, 350 ms, …
//	                                  │ answered
//	                                  ▼
//	          send over the new path; ten seconds after a path was replaced it is closed
//
// The checks are those of RFC 8445 section 7.2.2, of the ICE session that there
// is (same credentials; USE-CANDIDATE from the caller), with one more
// comprehension-optional attribute:
//
//	PATH 0xC0A7   u32: the number of the sender's path; later ones have higher numbers
//
// Who receives an authentic check with PATH answers it, and from then on sends
// to where the highest number came from. So a phone that moves is heard again
// without signaling, by a peer that has not moved. Where both have moved, or
// where the new relay lets nobody in whom it does not know, the peer has to be
// told: CANDIDATES, and RESTART, go through signaling. The peer's addresses are
// all one remote candidate to pion.
//
// A browser does not know PATH. It sees a peer-reflexive candidate being
// checked, and nominated if it is the callee (RFC 8445 section 7.3.1.3); a
// calling browser goes over to it when its present pair has failed. A browser
// that moves itself restarts ICE and says so with RESTART: see [Conn.Restart].
//
// The ways to the relays are tried in the order given, datagrams before
// streams, the next one 250 ms after the last or when that has failed (RFC 8305).
// The first datagram path ends the search. A stream is used until a
// datagram path is there. A relay that closes says so by 300 (Try Alternate) and
// by ALTERNATE-SERVER in any other answer (RFC 8489 section 14.15): its
// alternate is tried first then, if AllowedRemote lets it.
//
// # Addresses
//
// Only relayed addresses are offered, and only relayed addresses are
// contacted: a peer's candidate is an IP literal by type (netip.AddrPort), is
// rendered as "typ relay", and must pass Config.AllowedRemote (by default: no
// private, loopback, link-local, shared or multicast address). ICE asks the
// same filter about peers that show up uninvited. Interfaces are never
// listed, mDNS and ICE-TCP are off. A relay named by IP literal needs no DNS.
//
// # Times
//
//	check interval            200 ms   while connecting
//	relay acceptance wait       0 ms   pion's default would add 2 s to each call
//	DTLS first retransmission 200 ms
//	keepalive / consent         1 s    binding requests (RFC 7675)
//	disconnected                3 s    without any packet: Stats().State says so; it may come back at any time
//	connecting                 13 s    at most without a working pair
//	next way to a relay       250 ms   after the one before
//	one attempt                 3 s    and again after 0.1 to 1 s, as long as there is no path
//	relay's answer to Check   4 RTT    at least 100 ms, at most 400 ms
//	path in use is tended      15 s
//
// A path that is dead is never given up by itself: the layer above knows better
// when a call is over.
//
// An authenticated DTLS close from the peer closes Down at once. It is one
// datagram and never repeated: where it is lost, the layer above notices dead air.
//
// # Privacy
//
// No error and no log line names an address, a host, a credential or an SDP.
// pion's own log texts do; they are dropped unread by the adapter in log.go,
// which only counts them. Description and Candidate print as their type name.
package media
