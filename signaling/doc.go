// Package signaling is the post office seen from outside: how a phone publishes its keys, looks up other people's, hands
// in sealed envelopes and receives them. It also holds the one definition of everything that travels between a phone and
// signaling/server.
//
// A server learns what it must route and no more. Whoever submits an envelope says nothing about themselves: no login,
// no cookie, no account, one fixed User-Agent, a body of always 4096 bytes.
//
//	GET  /v1/directory/{account}   device list and prekeys (record.Published); anybody
//	PUT  /v1/directory/{account}   publish newer ones; signed by a device of the account
//	POST /v1/registrations         mailbox [16] | delivery key hash [32] | record.Published; signed by that device
//	POST /v1/envelopes             one envelope, with the header Taciturn-Delivery-Key; anybody
//	GET  /v1/mailbox               WebSocket: a device's long-lived connection
//	GET  /v1/queues/{id}           WebSocket: a per-call queue, opened and read without a login
//	GET  /v1/relay-hosts           {"hosts": [...]}; anybody
//
// Everything but errors and relay hosts is binary. An error is {"error": "..."}; docs/openapi.yaml lists them.
//
// # Signed requests
//
// A change carries the headers Taciturn-Device (base64url of the device id) and Taciturn-Signature (base64url), an
// Ed25519 signature of the device over label ‖ 0x00 ‖ message with the label "taciturn/1 request" and the message
//
//	LP(method) | LP(host) | LP(path) | revision [32] | SHA-256(body) [32]          LP(x) = u16 big-endian length ‖ x
//
// host is the Host header in lower case without a default port, so that no server can use at another one what it was
// sent; a proxy in front of a server must leave Host alone. revision is the server's challenge: the entity tag (RFC 9110
// section 8.8.3, base64url in quotes) of the account as it stands, sent as If-Match, or zeros and "If-None-Match: *"
// for an account that does not exist yet. A server that stands at another revision answers 412 with its own, and the
// phone signs again. Every change counts into the next revision, so a request can be carried out once: a replay, even
// after a restart or at another node, no longer names the revision. No clock is involved and nothing need be remembered.
// Two devices that change an account at once cannot overwrite each other for the same reason.
//
// # Frames
//
// A WebSocket carries binary messages without compression; each is one frame: a type byte and a fixed layout.
//
//	server to phone                                     phone to server
//	1 challenge  nonce [32]                             16 login   account id, text [23] | device id [8] | signature [64]
//	2 ready                                             17 open    read secret [32]
//	3 refused    reason u8                              18 ack     sequence u64
//	4 deliver    sequence u64 | age millis u32 |        19 ping
//	             envelope [4096]                        20 relay   request u32
//	5 pong                                              21 leave
//	6 relay      request u32 | pair, or nothing when none can be had
//
// A mailbox: challenge, login, then ready or refused. The signature has the label "taciturn/1 mailbox" and the message
// LP(host) | nonce | account id | device id. Relay credentials are asked for here, because this is the one connection
// that proves who may use the relay; the pair is
//
//	expires u64 Unix seconds | count u8, then LP8(url) each | count u8, then LP8(host) each |
//	LP8 of the caller's username and password, the callee's username and password
//
// A queue: open, then ready or refused. Its id is SHA-256("taciturn/1 queue" ‖ read secret)[:16], so whoever was told
// the id can submit, and nobody but its owner can read: no server has to remember a secret, and no queue can be opened
// in the place of a mailbox. A queue outlives its connection by 120 s; its owner comes back with the same secret, also
// after a restart of the server, where it begins anew. leave ends it at once. It ends after four hours in any case.
//
// Both deliver in order. Sequence numbers grow, with gaps where the server has dropped something; an ack covers all
// before it. What was not acknowledged is delivered again when the same queue is opened again, so a receiver may see an
// envelope twice and, like every receiver of envelopes, drops the second.
//
// The phone sends a ping every 20 s and gives a connection up after 30 s without any frame; the server does so after
// 60 s. These are frames and no WebSocket pings because a browser cannot send those.
//
// # Time and places
//
// [Client] works in a testing/synctest bubble over an in-memory network (Config.DialContext) and compiled to WebAssembly,
// where the browser's fetch and WebSocket carry it.
package signaling
