package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/pion/stun/v4"
)

// Role says which end of the call this is. It decides every role below it.
type Role uint8

// The roles. The zero value is invalid.
const (
	Caller Role = 1 // ICE controlling, DTLS server
	Callee Role = 2 // ICE controlled, DTLS client
)

// String returns "caller" or "callee".
func (r Role) String() string {
	switch r {
	case Caller:
		return "caller"
	case Callee:
		return "callee"
	default:
		return "unset"
	}
}

// Relay is one way to reach a TURN relay with a credential for it.
// It prints as its type name.
type Relay struct {
	// URL is "turn:host:port", "turn:host:port?transport=tcp" or
	// "turns:host:port"; host may be an IP literal, then no DNS is used.
	URL string
	// Username and Password are the relay's minted credential.
	Username, Password string
}

// String returns the type name: a relay login is a secret.
func (Relay) String() string { return "media.Relay" }

// GoString returns the type name.
func (Relay) GoString() string { return "media.Relay" }

// LogValue returns the type name.
func (Relay) LogValue() slog.Value { return slog.StringValue("media.Relay") }

// Config describes one side of one call. It must not be modified after New.
type Config struct {
	// Role of this side; required.
	Role Role
	// Relays to allocate on; at least one, at most maxRelays.
	Relays []Relay
	// ListenPacket opens the socket towards a relay; nil means net.ListenPacket.
	// If set, the real network is never touched and a relay must be named by
	// IP literal. The local address must be a *net.UDPAddr. May be called
	// concurrently.
	ListenPacket func(network, addr string) (net.PacketConn, error)
	// DialContext opens the stream towards a TCP or TLS relay; nil means
	// net.Dialer, or no such relays if ListenPacket is set. May be called
	// concurrently.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// AllowedRemote says whether the peer may be contacted at this address;
	// only relays should be. Its answer is final, also for private addresses;
	// nil means every public unicast address. May be called concurrently.
	AllowedRemote func(netip.Addr) bool
	// OnCandidates is told of addresses of this side that were found after
	// Gather: the peer must hear of them (AddCandidates). nil: nobody is. It
	// must not block.
	OnCandidates func([]Candidate)
	// OnLost is told when the relay does not answer any more, or does not know
	// this side: it has died, or this machine is on another network without
	// knowing. nil: nobody is. It must not block.
	OnLost func()
	// Relogin fetches fresh relays when all refuse the present logins; nil:
	// there are none. It is called by one goroutine at a time.
	Relogin func(context.Context) ([]Relay, error)
	// Log receives state changes, nothing that names anybody; nil means
	// slog.Default.
	Log *slog.Logger
}

// maxRelays bounds the relays of one call; a relay pair has three URLs (UDP,
// TCP, TLS), two pairs are plenty.
const maxRelays = 8

// What callers branch on. None of these texts ever names an address.
var (
	ErrConfig           = errors.New("media: invalid configuration")
	ErrState            = errors.New("media: called out of order")
	ErrClosed           = fmt.Errorf("media: connection closed: %w", net.ErrClosed)
	ErrRelayUnreachable = errors.New("media: relay not reachable")
	ErrRelayRefused     = errors.New("media: relay refused the credentials")
	ErrRelayBusy        = errors.New("media: relay has no room")
	ErrDescription      = errors.New("media: invalid description")
	ErrCandidate        = errors.New("media: address refused")
	ErrICE              = errors.New("media: no path to the peer through the relays")
	ErrDTLS             = errors.New("media: secure handshake with the peer failed")
	ErrFingerprint      = errors.New("media: the peer's certificate is not the announced one")
	ErrFrameSize        = errors.New("media: frame is empty or too large")
	ErrInternal         = errors.New("media: set-up failed")
)

// withDefaults checks c and fills in what may be left out.
func (c Config) withDefaults() (Config, error) {
	if c.Role != Caller && c.Role != Callee {
		return c, fmt.Errorf("%w: role is not set", ErrConfig)
	}
	if len(c.Relays) == 0 {
		return c, fmt.Errorf("%w: no relay", ErrConfig)
	}
	if len(c.Relays) > maxRelays {
		return c, fmt.Errorf("%w: too many relays", ErrConfig)
	}
	for _, r := range c.Relays {
		if _, err := r.uri(); err != nil {
			return c, err
		}
	}
	if c.AllowedRemote == nil {
		c.AllowedRemote = isPublic
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}

	return c, nil
}

// uri parses the relay's URL. The error does not repeat it.
func (r Relay) uri() (*stun.URI, error) {
	u, err := stun.ParseURI(r.URL)
	if err != nil || (u.Scheme != stun.SchemeTypeTURN && u.Scheme != stun.SchemeTypeTURNS) {
		return nil, fmt.Errorf("%w: relay address is not a turn: or turns: URL", ErrConfig)
	}
	if r.Username == "" || r.Password == "" {
		return nil, fmt.Errorf("%w: relay without credentials", ErrConfig)
	}

	return u, nil
}
