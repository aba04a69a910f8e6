package turn

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// Config is what a Server needs. It is not modified, nor may it be, after New.
type Config struct {
	// Realm is sent in every challenge, so short is good. Empty: "taciturn".
	Realm string

	// Secrets verify credentials, the newest first. At least one.
	Secrets []Secret

	// Public4 and Public6 are the addresses that relayed addresses are made of. At least one; a family without one is
	// refused with 440.
	Public4, Public6 netip.Addr

	// MaxAllocations at once. 0: 50,000. At most 64,512, the virtual ports there are.
	MaxAllocations int

	// MaxAllocationsPerTag bounds what one call, or one credential of another shape, may hold. 0: 16, which leaves room for
	// each interface of both sides and an ICE restart.
	MaxAllocationsPerTag int

	// BytesPerSecond bounds what one allocation may send, each packet counted with 64 bytes more. What is above is dropped. 0:
	// 131,072, several times what voice takes. Negative: no bound.
	BytesPerSecond int

	// UnauthenticatedPerSecond is how many answers without MESSAGE-INTEGRITY (Binding, 400, 401, 420, 438) go to one source
	// prefix (IPv4 /32, IPv6 /64), with bursts up to UnauthenticatedBurst; the rest is silence. Beyond 10 they must also be paid
	// for, by half of what it sends or by logins that succeed. 0: 200 and 400, so that hundreds of phones behind one address
	// can start together. Negative rate: no limit.
	UnauthenticatedPerSecond int
	UnauthenticatedBurst     int

	// MaxConnections and MaxConnectionsPerSource bound TCP and TLS, the latter for a source prefix as above. 0: 10,000 and 500.
	MaxConnections, MaxConnectionsPerSource int

	// Log gets no identifiers. Nil: slog.Default.
	Log *slog.Logger
}

const (
	defaultRealm           = "taciturn"
	defaultAllocations     = 50_000
	defaultPerTag          = 16
	defaultBytesPerSecond  = 128 << 10
	defaultUnauthenticated = 200
	defaultBurst           = 400
	defaultConnections     = 10_000
	defaultPerSource       = 500
	maxRealmBytes          = 127

	// Lifetimes of RFC 8656: sections 3.2 (allocation, and its recommended bound), 9 (permission), 12 (channel).
	defaultLifetime    = 10 * time.Minute
	maxLifetime        = time.Hour
	permissionLifetime = 5 * time.Minute
	channelLifetime    = 10 * time.Minute
)

// withDefaults returns a checked copy.
func (c Config) withDefaults() (Config, error) {
	if c.Realm == "" {
		c.Realm = defaultRealm
	}
	if len(c.Realm) > maxRealmBytes {
		return Config{}, errors.New("turn: realm is too long")
	}
	for i := range len(c.Realm) {
		if c.Realm[i] <= ' ' || c.Realm[i] > '~' || c.Realm[i] == '"' {
			return Config{}, errors.New("turn: realm is not plain ASCII")
		}
	}
	if len(c.Secrets) == 0 {
		return Config{}, errors.New("turn: no secret")
	}
	c.Secrets = append([]Secret(nil), c.Secrets...)
	for i := range c.Secrets {
		if c.Secrets[i].isZero() {
			return Config{}, errors.New("turn: secret is unset")
		}
	}
	if !c.Public4.IsValid() && !c.Public6.IsValid() {
		return Config{}, errors.New("turn: no public address")
	}
	if c.Public4.IsValid() && (!c.Public4.Is4() || !usable(c.Public4)) {
		return Config{}, errors.New("turn: Public4 is not an IPv4 host address")
	}
	if c.Public6.IsValid() && (!c.Public6.Is6() || c.Public6.Is4In6() || c.Public6.Zone() != "" || !usable(c.Public6)) {
		return Config{}, errors.New("turn: Public6 is not an IPv6 host address")
	}
	for _, n := range []struct {
		value    *int
		fallback int
	}{
		{&c.MaxAllocations, defaultAllocations},
		{&c.MaxAllocationsPerTag, defaultPerTag},
		{&c.BytesPerSecond, defaultBytesPerSecond},
		{&c.UnauthenticatedPerSecond, defaultUnauthenticated},
		{&c.UnauthenticatedBurst, defaultBurst},
		{&c.MaxConnections, defaultConnections},
		{&c.MaxConnectionsPerSource, defaultPerSource},
	} {
		if *n.value == 0 {
			*n.value = n.fallback
		}
	}
	if c.MaxAllocations < 0 || c.MaxAllocations > virtualPorts || c.MaxAllocationsPerTag < 0 || c.UnauthenticatedBurst < 0 ||
		c.MaxConnections < 0 || c.MaxConnectionsPerSource < 0 {
		return Config{}, errors.New("turn: limit out of range")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c, nil
}

func usable(a netip.Addr) bool { return !a.IsUnspecified() && !a.IsMulticast() }
