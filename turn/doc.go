// Package turn is the relay: a TURN server (RFC 8656, over STUN, RFC 8489) built as a closed switch. It forwards only
// between its own live allocations, and only between those of one call, over UDP, TCP and TLS.
//
//	alice ──UDP──▶┐                                                ┌──UDP──▶ bob
//	              │ recv → (client address, channel) → peer slot → │
//	              └── rewrite 4 bytes in place ──── send ──────────┘          no relay socket
//
// # Serving
//
//	s, err := turn.New(turn.Config{Secrets: secrets, Public4: public})
//	conns, err := turn.ListenUDP(":3478", 0)
//	for _, c := range conns {
//		go s.ServeUDP(ctx, c)
//	}
//	go s.ServeTCP(ctx, plain)                                             // turn:...?transport=tcp
//	go s.ServeTCP(ctx, tls.NewListener(turn.Forgetful(below), tlsConfig)) // turns:
//	...
//	s.Drain(elsewhere)                                                    // before a restart; Stats tells when it is empty
//	s.Close()
//
// Who shares one TCP port with HTTPS serves a [Door], which tells them apart by what arrives:
//
//	d := s.NewDoor(listener, tlsConfig)                                   // turn:...?transport=tcp and turns:
//	go httpServer.Serve(d.Others())
//	go d.Serve(ctx)
//
// ServeTCP makes the TLS handshake, with a deadline, when the conn is a *tls.Conn. Any other layer on a conn should have a method NetConn()
// net.Conn that returns what is below, so that it is found when it is to be closed at once and to be forgotten; Close follows.
//
// # Virtual addresses
//
// The relayed transport address of an allocation is the server's public address with a port that no socket is bound to: a
// key into a table. One port number serves both families. There is no way out of the switch, so there is no list of
// addresses to deny. A peer outside the switch is refused with 403, and so is a channel to a port without a live allocation or of
// another call, all alike, so that nobody can probe which ports live; data for them is dropped and counted.
//
// # Credentials
//
// Time-limited and nameless ("TURN REST"):
//
//	username = expiry ":" key-id "." tag "." side     expiry in Unix seconds, rounded up to 10 min; key-id(4), tag(16) in base64url
//	password = base64(HMAC-SHA1(secret, username))    the long-term credential of RFC 8489 section 9.2
//
// The tag is the call: two allocations may talk when their tags are equal. A username of the shape expiry[":"anything], as
// other issuers mint it, is its own tag. An expired credential opens nothing, but serves a live allocation to its end; so
// does a credential whose secret has been rotated away.
//
// Usernames and passwords are ASCII, so SASLprep changes nothing and is left out.
//
// # Messages
//
//	ChannelData   number(2) length(2) data(length) padding(0-3)               number 0x4000-0x4FFF, RFC 8656 section 12.4
//	STUN          type(2) length(2) 0x2112A442(4) transaction(12) attributes  RFC 8489 section 5
//	nonce         "obMatJos2gAAA" base64url( minute(4) mac(12) )              minute since start; mac = HMAC-SHA-256 over it and the 5-tuple
//
// Everything is checked before it is believed: magic, length, each attribute against the end, the exact size of each
// attribute that has one, at most 24 attributes, FINGERPRINT last and right. What fails is dropped without an answer. Nothing
// may follow the message, except 3 bytes of padding after ChannelData (RFC 8656 section 12.5).
//
//	Binding            answered with XOR-MAPPED-ADDRESS
//	Allocate           300 400 401 420 437 438 440 442 486 508; UDP only; REQUESTED- and ADDITIONAL-ADDRESS-FAMILY
//	Refresh            400 401 420 437 438 441 443; the lifetime is one for both families
//	CreatePermission   400 401 403 420 437 438 441 443; per IP address (RFC 8656 section 9), hence one for each family
//	ChannelBind        400 401 403 420 437 438 441 443 508; up to 4 at once: an ICE restart has old and new side in flight
//	Send, Data         indications
//
// MESSAGE-INTEGRITY seals requests and their answers, or MESSAGE-INTEGRITY-SHA256, which is answered in kind. Challenges offer
// SHA-256 and MD5 for the key (PASSWORD-ALGORITHMS); who takes neither means MD5, and who takes one has to repeat the offer, so that
// it can not be taken back on the way. USERHASH would need a list of users, and there is none. Errors have no reason phrase,
// answers no SOFTWARE, and FINGERPRINT only who sent one.
//
// All other methods and classes are dropped. EVEN-PORT and RESERVATION-TOKEN are not understood (420). DONT-FRAGMENT means
// nothing in a switch and is ignored. A request that comes again is answered with the same bytes; this holds for half a
// second after a Refresh with lifetime 0, and later the answer is 437, which clients take for success (RFC 8656 section 8.3).
//
// Data passes from A to B when both are live, of one tag, have a relayed address of the same family, and each has an
// unexpired permission for the other's address. It arrives by channel when B has bound one to A's address, else as a Data
// indication.
//
// # Streams
//
// On TCP and TLS (RFC 8656 section 12.5) messages follow one another, ChannelData padded to 4 bytes. A length is believed for where
// the next message begins, and for nothing else. What can not be a message, or is longer than 2,047 bytes, ends the connection;
// what is framed well and malformed otherwise is dropped as a datagram would be.
//
//	handshake, and one message from its first byte to its last   10 s each
//	without an allocation, from the start or the last one's end  30 s
//	with one, and silent                                         until it ends, and 30 s
//	not reading what is written                                  10 s
//
// Each connection has a queue of 8 KiB, half a second of voice. When it is full the oldest data goes, for fresh voice wins; answers
// stay, and who does not read them is cut off. There is a bound on connections in all and from one source prefix; in all, one
// without an allocation makes room for the next. An Accept that fails is tried again for ever. An allocation ends with its
// connection, and no connection inherits from one before, even of the same address and port.
//
// # Bounds
//
// An allocation has a rate, beyond which data is dropped; a call, the server and each source have their numbers: see [Config].
// Draining, the relay refuses new calls and lets the second side of a call join the first.
//
// # What it knows
//
// One fixed slot for each allocation, in memory, zeroed within one second of its end; see allocation. Answers without
// MESSAGE-INTEGRITY have a budget for each source prefix, kept under a salted hash: in the long run it gets half of what it
// sends. Nothing that identifies anybody reaches an error, a log, a map key or the collector: packets are read, answered and
// hashed in buffers that are wiped after each batch, and so is the stack. A panic is survived and not printed. Log lines are
// constant, at most one a second.
//
// Of TLS, crypto/tls may keep pieces of what it sent last, which is answers and sealed voice, until the collector needs the place.
// [Forgetful] takes care of what it received.
//
// # Threads
//
// Each UDP socket has one goroutine, which reads a batch, decides packet by packet and writes a batch. A call with channels on both
// sides is a flow for each direction, found without a lock, and forwarding takes no heap object; all else asks the table under a
// lock. A request takes 3 to 4 microseconds and is answered in between; after every eighth what waits is sent first, so that a
// flood of requests holds up voice by less than 30 microseconds. Each connection has a goroutine that reads and one that writes,
// with nothing on their stacks; what was read is handled by one goroutine for each core. One more zeroes slots when they end.
// [Server.Close] waits for all.
package turn
