// Package sframe encrypts voice frames end to end: SFrame (RFC 9605) with suite 5, AES_256_GCM_SHA512_128, one size for
// whatever is said. Pure: it is given the time and the keys, and does no I/O.
//
// # A frame
//
// On the wire, always BucketBytes + 19 bytes:
//
//	header [3] ‖ ciphertext [BucketBytes] ‖ tag [16]
//	header: config u8 = 0 KKK 1 001 ‖ CTR u16        RFC 9605 section 4.3; KKK is the KID, inline; CTR has two bytes
//
// The header is the additional data; there is no metadata. Inside:
//
//	opus length u16 ‖ opus ‖ control … ‖ zeros
//	control: kind u8 ‖ length u8 ‖ value
//	  1 mute         u8 0 or 1
//	  2 hang-up      u8 reason
//	  3 hang-up ack  empty
//	  4 nop          empty
//	  5 quality      lost u16 per mille ‖ jitter u16 milliseconds
//
// Kind 0 is the beginning of the zeros. A kind that is not known is skipped, for later versions; a known kind with the
// wrong length, a kind that comes twice, a control that does not fit and a zero that is not zero make the frame invalid.
//
// # Keys
//
// A [Root] gives one base key for each direction and epoch. From it, with Hash = SHA-512 (RFC 9605 section 4.4.2):
//
//	secret = HKDF-Extract("", base)
//	key    = HKDF-Expand(secret, "SFrame 1.0 Secret key "  ‖ u64 KID ‖ u16 suite, 32)
//	salt   = HKDF-Expand(secret, "SFrame 1.0 Secret salt " ‖ u64 KID ‖ u16 suite, 12)
//	nonce  = salt XOR u96 CTR
//	KID    = 2·(epoch mod 4) + direction            direction 0: caller to callee, 1: callee to caller
//
// CTR counts frames of an epoch from 256, so that it has two bytes from the first to the last. An epoch ends after 60
// seconds, by the sender's clock, or after 65280 frames; then the root goes forward by one hash and cannot go back.
//
// A counter is never used twice under one key. The sender holds its root one epoch ahead of the key in use: whoever makes
// another sender of the same root, say after a restart, gets the next key. A root that does not go forward is refused.
//
// # What the receiver accepts
//
// It holds four keys, those of the epochs e-1, e, e+1, e+2 where e is the newest that authenticated a frame, and e-1 for
// five seconds only. KIDs name each of the four unambiguously, so a frame costs one decryption at most and junk never
// makes the receiver derive a key. Per key, a window of 1024 counters refuses replays. A frame of the own direction,
// reflected, is refused by its KID. What fails returns an error and nothing else: no byte of it comes out.
//
// A receiver that hears nothing for more than two epochs has lost the call; calls end after 30 seconds of silence.
//
// Go does not let a program erase the expanded AES key inside [crypto/cipher]; Close erases what this package holds (root,
// salts, plaintext) and drops the rest.
package sframe
