// Package server is the operator's half of signaling: it holds connections, queues and limits, and never sees inside an
// envelope. Package signaling defines the requests and frames; this page says what the server does with them.
//
//	phone ──POST /v1/envelopes──▶ any node ──bus request──▶ the node with the reader ──▶ box ──deliver──▶ phone
//	                                 ◀─────────── accepted, refused, or nobody there ──
//
// # Boxes
//
// Envelopes wait in boxes, in memory only. A mailbox has a box while its device is connected; a per-call queue has one
// until its owner leaves, for [signaling.QueueIdle] without a connection, and for [signaling.QueueLifetime] at most.
//
//	at most           64 envelopes, so 256 KiB; all boxes of a node together Config.MaxQueuedBytes
//	oldest            60 s, which is as long as an offer is good for
//	when it is full   the oldest makes room: the newest is the one that may still ring
//	the same twice    once, while the first still waits: senders repeat themselves
//
// What is dropped is counted with its reason ([Stats].Drops). An envelope stays in its box until the reader has
// acknowledged it.
//
// # One reader
//
// A device that connects again takes its mailbox from its earlier connection, and so does the owner of a queue, at this
// node and at every other one: the new connection announces itself on the box's subject, and the older ones end.
//
// # On the bus
//
// A message on the subject of a queue is
//
//	1 submit   delivery key hash [32] | envelope [4096]      answered with one byte: 1 accepted, 0 refused
//	2 replace  token [16] of the newer connection            not answered; zeros end every connection
//
// # Refusals
//
// Whether a queue is unknown, nobody reads it, or the delivery key is wrong: the answer is 403 with the same bytes, and it
// leaves a fixed time after the request arrived, so that neither its content nor its time tells which it was.
//
// # Sources
//
// Requests are limited for each source prefix (IPv4 /32, IPv6 /64). The prefixes are held as hashes under a salt that is
// renewed every ten minutes, and forgotten with it. A loopback source is not limited: it is a proxy in front, which then
// has to do that, or the operator.
package server
