// Package meet is the only place where signaling and relay meet: signaling gets a function that mints one call's relay
// credentials, and no type of the relay's. The operator's server and the simulator's embedded one are put together with it.
package meet

import (
	"net/netip"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/turn"
)

// credentialLifetime is how long a pair of relay credentials can open an allocation: the longest ring plus slack. A live
// allocation is refreshed beyond it (relay, section 3).
const credentialLifetime = 10 * time.Minute

// Mint returns what signaling calls for the relay that clients reach at public. The function may run concurrently.
func Mint(secret turn.Secret, public netip.AddrPort) func(now time.Time) (signaling.RelayPair, error) {
	urls, hosts := []string{URL(public)}, Hosts(public)
	return func(now time.Time) (signaling.RelayPair, error) {
		pair, err := turn.Mint(secret, now, credentialLifetime)
		if err != nil {
			return signaling.RelayPair{}, err
		}
		return signaling.RelayPair{
			URLs:    urls,
			Hosts:   hosts,
			Expires: now.Add(credentialLifetime),
			Caller:  signaling.RelayLogin{Username: pair.A.Username, Password: pair.A.Password},
			Callee:  signaling.RelayLogin{Username: pair.B.Username, Password: pair.B.Password},
		}, nil
	}
}

// URL is the TURN URI of RFC 7065 for UDP.
func URL(public netip.AddrPort) string { return "turn:" + public.String() + "?transport=udp" }

// Hosts are the relays that this service's phones may be made to talk to.
func Hosts(public netip.AddrPort) []string { return []string{public.Addr().String()} }
