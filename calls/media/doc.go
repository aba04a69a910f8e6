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
//	Down     closed when the path is gone for good
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
//	disconnected                3 s    without any packet: Stats().State says so
//	failed                     10 s    later: Down is closed, 13 s after the last packet
//	connecting                 13 s    at most without a working pair
//	TCP and TLS relays          1 s    later than UDP ones, and not at all if UDP worked
//
// An authenticated DTLS close from the peer closes Down at once. It is one
// datagram and never repeated: where it is lost, the 13 s remain.
//
// # Privacy
//
// No error and no log line names an address, a host, a credential or an SDP.
// pion's own log texts do; they are dropped unread by the adapter in log.go,
// which only counts them. Description and Candidate print as their type name.
package media
