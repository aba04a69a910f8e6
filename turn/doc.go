// Package turn is the relay: a TURN server (RFC 8656, over STUN, RFC 8489) built as a closed switch. It forwards only
// between its own live allocations, and only between those of one call.
//
//	alice ──UDP──▶┐                                                ┌──UDP──▶ bob
//	              │ recv → (client address, channel) → peer slot → │
//	              └── rewrite 4 bytes in place ──── send ──────────┘          no relay socket
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
//	username = expiry ":" key-id "." tag "." side     expiry in Unix seconds; key-id 4 and tag 16 bytes, base64url; side a or b
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
//	nonce         base64url( minute(4) mac(12) )                              minute since start; mac = HMAC-SHA-256 over it and the 5-tuple
//
// Everything is checked before it is believed: magic, length, each attribute against the end, the exact size of each
// attribute that has one, at most 24 attributes, FINGERPRINT last and right. What fails is dropped without an answer. Nothing
// may follow the message, except 3 bytes of padding after ChannelData (RFC 8656 section 12.5).
//
//	Binding            answered with XOR-MAPPED-ADDRESS
//	Allocate           400 401 420 437 438 440 442 486 508; UDP only; REQUESTED- and ADDITIONAL-ADDRESS-FAMILY
//	Refresh            400 401 420 437 438 441 443; the lifetime is one for both families
//	CreatePermission   400 401 403 420 437 438 441 443; per IP address (RFC 8656 section 9), hence one for each family
//	ChannelBind        400 401 403 420 437 438 441 443 508; up to 4 at once: an ICE restart has old and new side in flight
//	Send, Data         indications
//
// MESSAGE-INTEGRITY seals requests and their answers. MESSAGE-INTEGRITY-SHA256 is not announced, but taken, with the same key, and
// answered in kind. Errors have no reason phrase, answers no SOFTWARE, and FINGERPRINT only who sent one.
//
// All other methods and classes are dropped. EVEN-PORT and RESERVATION-TOKEN are not understood (420). DONT-FRAGMENT means
// nothing in a switch and is ignored. A request that comes again is answered with the same bytes; this holds for half a
// second after a Refresh with lifetime 0, and later the answer is 437, which clients take for success (RFC 8656 section 8.3).
//
// Data passes from A to B when both are live, of one tag, have a relayed address of the same family, and each has an
// unexpired permission for the other's address. It arrives by channel when B has bound one to A's address, else as a Data
// indication.
//
// # What it knows
//
// One fixed slot for each allocation, in memory, zeroed within one second of its end; see allocation. Answers without
// MESSAGE-INTEGRITY have a budget for each source prefix, kept under a salted hash: in the long run it gets half of what it sends. Nothing that identifies anybody reaches
// an error, a log, a map key or the collector: packets are read, answered and hashed in buffers that are wiped after each batch,
// and so is the stack.
//
// # Threads
//
// Each socket has one goroutine, which reads a batch, decides packet by packet and writes a batch. A call with channels on both
// sides is a flow for each direction, found without a lock, and forwarding takes no heap object; all else asks the table under a
// lock. A request takes 3 to 4 microseconds and is answered in between; after every eighth what waits is sent first, so that a
// flood of requests holds up voice by less than 30 microseconds. One more goroutine zeroes slots when they end. [Server.Close]
// waits for all.
package turn
