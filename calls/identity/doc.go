// Package identity is who one is: the secret account and device keys, what is published about them, the contact link that
// one hands out, and the contacts one has received. It is what only a person may hold; what a server must be able to check
// is in signaling/record. Pure: time comes in as an argument, files and their modes are the caller's.
//
// # Keys
//
// An [Identity] is one account on its first device: an Ed25519 account key that signs the device list, an Ed25519 device
// key that signs everything else, and an X-Wing prekey to which callers seal their offers. [Identity.Maintain] keeps them
// fresh; call it once a minute or so, and publish and store the identity whenever it says that something changed:
//
//	every 24 hours      a new prekey, valid for 14 days so that a sleeping phone can be rung
//	10 minutes later    the old prekey's secret is erased: offers live 60 seconds, so none can need it any more,
//	                    and whoever steals the device cannot open what was recorded before
//	every 3.5 days      the device list is signed anew, with the next epoch, for 7 days
//
// # Key file
//
// [Identity.Seal] writes one file, which its caller must keep to mode 0600:
//
//	"taciturn/1 keys" | form u8
//	form 1, no passphrase:  payload | SHA-256 of all before it: against accidents, not against people
//	form 2, passphrase:     passes u32 | memory u32 in KiB | threads u8 | salt [16] | ChaCha20-Poly1305 of the payload
//
// The AEAD key is argon2id(passphrase, salt); everything before the ciphertext is its additional data. The payload:
//
//	u8 length, server | account seed [32] | device seed [32] | mailbox [16] | delivery key [16] | u16 length, device list
//	u8 count, then for each prekey    X-Wing seed [32] | superseded at u64, 0 for the current one | prekey (signaling/record)
//
// The device list has exactly one device, and its id is the device's. [Open] takes nothing on trust: public keys must
// follow from their seeds and signatures must verify.
//
// # Contact link
//
//	https://host/#c/ base64url( version u8 = 1 | account key [32] | hash of the newest device list [32] | delivery key [16] )
//
// Version 2 adds the endorsement (signaling/record) that an organisation's [Signer] has given the account.
// What stands after # never reaches a server. Plain http is accepted for a server on this machine only.
//
// # Contacts
//
// A [Contact] remembers the newest device list seen. [Contact.Update] takes a newer one, and refuses another account key,
// an older list, and a list that contradicts the history: those are alarms, not warnings, since only somebody between the
// two people can cause them. A [Book] holds contacts and encodes as
//
//	"taciturn/1 contacts" | u16 count, then for each contact, sorted by name:
//	u8 length, name | account key [32] | u8 length, server | delivery key [16] | list hash [32] | trust u8 | highest suite u16 |
//	u16 length, device list; length 0 while none was seen
//	endorsement (signaling/record) if the trust byte has 0x40
//	then, if any organisation is trusted    u8 count, then for each, sorted by name: u8 length, name | organisation key [32]
//
// The trust byte holds the level and 0x10 for a blocked contact, 0x20 for one whose verified keys have changed. A phone stores
// the book with [Identity.SealStore]: "taciturn/1 sealed store" | salt [32] | ChaCha20-Poly1305 under
// HKDF-SHA256(device seed, salt, "taciturn/1 store " ‖ name). [Book.Export] writes it under a passphrase like a key file.
//
// # Printing
//
// Secrets and whatever names somebody print as their type name under every verb and in every log; encoding/json refuses
// an [Identity] and a [Prekey]. Errors never echo their input. [Identity.Wipe] overwrites the seeds. What the standard
// library derives from them inside (expanded keys) cannot be reached and is left to the garbage collector.
package identity
