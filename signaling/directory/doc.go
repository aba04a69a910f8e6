// Package directory is what the service stores about accounts: public records and hashes, and nothing about calls.
//
// Two buckets of signaling/bus hold it:
//
//	accounts    account id, as people write it      → entry
//	mailboxes   base32 of SHA-256(label ‖ mailbox)  → account id [13] | device id [8]: who may receive there
//
// An entry is
//
//	version u8 = 1 | changes u64 | count u8 | for each device: device id [8] | mailbox [16] | delivery key hash [32] |
//	length u32 | record.Published
//
// Its SHA-256 is the account's [signaling.Revision]. A change names the revision it was made for, so that it happens once
// (package signaling says why); changes counts them, so that no two states of an account ever look alike.
//
// # Who may change what
//
// The caller of this package has checked that a device of the new device list signed the change. The account key signed
// that list, so this device speaks for the account. The list must follow the stored one (record.DeviceList.Follows); the
// device's own prekeys replace its earlier ones, those of other devices stay as they are while they are valid. A device
// that is no longer listed loses its mailbox.
//
// The first who registers a mailbox keeps it: ids of mailboxes are public (prekeys name them), so without an owner
// anybody could receive in the place of somebody else.
package directory
