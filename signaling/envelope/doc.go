// Package envelope is the outside of an envelope: all that a server may see of signaling. Pure.
//
// Every envelope has exactly 4096 bytes:
//
//	offset  size  field
//	0       1     version, 1
//	1       1     class, 1: there is only one, so that nothing can be told from it
//	2       16    queue: a device's mailbox, or a per-call queue
//	18      8     key id: finds the key at the receiver
//	26      1120  enc: X-Wing encapsulation
//	1146    2950  ciphertext, padded before encryption
//
// The first 26 bytes are the additional authenticated data of the encryption (package calls/seal), so a server that
// changes them makes the envelope unreadable.
//
// A [QueueID] names a queue and is no secret of its owner, yet it names somebody: it prints as its type name. A
// [DeliveryKey] is what a mailbox demands of whoever submits; servers hold only its hash.
package envelope
