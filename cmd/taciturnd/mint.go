package main

import (
	"net/netip"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/turn"
)

// credentialLifetime is how long a pair of relay credentials can open an allocation: the longest ring plus slack. A live
// allocation is refreshed beyond it (relay, section 3).
const credentialLifetime = 10 * time.Minute

// mintRelay is the only place where signaling and relay meet: signaling gets a function and no type of the relay's.
func mintRelay(cfg config) func(now time.Time) (signaling.RelayPair, error) {
	urls := []string{relayURL(cfg.turnPublic)}
	hosts := relayHosts(cfg)
	return func(now time.Time) (signaling.RelayPair, error) {
		pair, err := turn.Mint(cfg.secrets[0], now, credentialLifetime)
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

// relayURL is the TURN URI of RFC 7065 for UDP.
func relayURL(a netip.AddrPort) string { return "turn:" + a.String() + "?transport=udp" }

// relayHosts are the relays that this service's phones may be made to talk to.
func relayHosts(cfg config) []string { return []string{cfg.turnPublic.Addr().String()} }
