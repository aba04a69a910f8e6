// Package record is what is published about an account: which devices it has, and the key that opens envelopes for each
// of them. It is all that a server must be able to check about an account, and nothing that only a person may hold (that
// is calls/identity). Pure.
//
// # Names
//
// An [AccountKey] and a [DeviceKey] are Ed25519 public keys; an [AccountID] is the first 100 bits of
// SHA-256("taciturn/1 account" ‖ account key), written as four groups of five base32 letters. Nobody assigns it: whoever
// has the key can compute it. Ids, keys, lists and prekeys name somebody, so they print as their type name; text comes
// from MarshalText, bytes from Bytes or Append.
//
// # Signatures
//
// Everything is signed with Ed25519 over label ‖ 0x00 ‖ message. No label contains a zero byte and none is the beginning
// of another one followed by zero, so a signature made for one purpose is never valid for a second one.
//
// # Encodings
//
// Integers are big-endian, LP(x) is a u16 length and x, times are u64 Unix seconds. A device list:
//
//	LP("taciturn/1 devices") | account key [32] | epoch u64 | previous [32] | issued u64 | expires u64 | count u8
//	then for each device     device id [8] | device key [32] | kind u8 | lowest suite u16 | highest suite u16
//	then                     signature [64] of the account key over all before it
//
// The epoch grows by one with each change; previous is the [DeviceList.Hash] of the list before, zero in epoch 1. The
// hash leaves the signature out: two signatures of one list are still one list.
//
// A prekey, the X-Wing key to which envelopes for a device are sealed:
//
//	LP("taciturn/1 prekey") | prekey id [8] | device id [8] | mailbox [16] | X-Wing key [1216] | not before u64 | not after u64
//	then                     signature [64] of the device key over all before it
//
// An endorsement, an organisation's word that an account belongs to one of its people. It travels inside contact links and is
// not published, so a server does not learn who works where:
//
//	LP("taciturn/1 endorsement") | organisation key [32] | account key [32] | issued u64 | expires u64
//	then                     signature [64] of the organisation key over all before it
//
// List and prekeys together, as they are published: a list with u32 length, a u8 count, then each prekey with u16 length.
//
// Parsing is total and strict: no trailing bytes, no unknown kinds, no device twice, no list without a device, no
// lifetime longer than [MaxListLifetime], [PrekeyLifetime] or [MaxEndorsementLifetime]. Whatever parses encodes to the same bytes again. Parsing
// checks no signature; Verify does, and Follows compares a list with the newest one seen before.
package record
