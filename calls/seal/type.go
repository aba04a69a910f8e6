package seal

// Type is the first byte inside the encryption of every message (protocol, section 4). Its zero value is invalid.
type Type uint8

// The messages of one call. A is the caller, B the callee.
const (
	TypeOffer      Type = 1  // A → each device of B
	TypeRing       Type = 2  // B → A
	TypeAccept     Type = 3  // B → A
	TypeConfirm    Type = 4  // A → B
	TypeConnected  Type = 5  // B → A
	TypeCandidates Type = 6  // both
	TypeRestart    Type = 7  // both
	TypeReject     Type = 8  // B → A
	TypeElsewhere  Type = 9  // A → B's other devices
	TypeHangup     Type = 10 // both
	TypeNop        Type = 11 // both
	TypeRestartAck Type = 12 // both
)

// RejectReason says why a callee refuses. Its zero value is invalid.
type RejectReason uint8

// The reasons a callee may give. A blocked caller gets none: silence.
const (
	RejectBusy        RejectReason = 1
	RejectDeclined    RejectReason = 2
	RejectOffHours    RejectReason = 3
	RejectUnsupported RejectReason = 4
)

// HangupReason says why one side ends a call. Its zero value is invalid.
type HangupReason uint8

// The reasons for ending a call.
const (
	HangupNormal        HangupReason = 1
	HangupCancelled     HangupReason = 2
	HangupRingTimeout   HangupReason = 3
	HangupConnectFailed HangupReason = 4
	HangupMediaLost     HangupReason = 5
	HangupError         HangupReason = 6
)
