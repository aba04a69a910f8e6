package seal

// The labels of the key schedule. Each is used for one purpose; a test holds them apart.
const (
	labelOffer    = "taciturn/1 offer" // HPKE info of the OFFER class
	labelRing     = "taciturn/1 ring"  // HPKE info of the RING class
	labelSigOffer = "taciturn/1 sig offer"
	labelSigLate  = "taciturn/1 sig late"
	labelSigRing  = "taciturn/1 sig ring"
	labelX1       = "taciturn/1 x1" // HPKE exporter
	labelX2       = "taciturn/1 x2" // HPKE exporter
	labelCode     = "taciturn/1 code"
	labelFrame    = "taciturn/1 sframe " // ‖ direction u8 ‖ epoch u32
	labelRatchet  = "taciturn/1 ratchet"
	labelRenew    = "taciturn/1 renew"
	labelRestart  = "taciturn/1 restart" // HPKE info of a RESTART's key share
	labelX3       = "taciturn/1 x3"      // HPKE exporter
	labelKeys     = "taciturn/1 "        // K(l, n): ‖ one of the next block

	keyA2B    = "a2b key"
	ivA2B     = "a2b iv"
	idA2B     = "id a2b"
	keyB2A    = "b2a key"
	ivB2A     = "b2a iv"
	idB2A     = "id b2a"
	keyFinA   = "finA"
	keyFinB   = "finB"
	keyMedia  = "media"
	decoyInfo = "taciturn/1 decoy" // HPKE info of encapsulations nobody opens
	thPrekey  = "prekey"
	thOffer   = "o"
	thLate    = "l"
	thRing    = "r"
	th1Label  = "th1"
	th2Label  = "th2"
	th3Label  = "th3"
	th4Label  = "th4"
	thCode    = "code"
	thRekey   = "rk"
	thReplay  = "replay"
)

// Sizes in bytes.
const (
	hashBytes  = 32 // SHA-256
	secretSize = 32
)
