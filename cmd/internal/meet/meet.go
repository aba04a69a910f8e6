// Package meet is the only place where signaling and relay meet: signaling gets a function that mints one call's relay
// credentials, and no type of the relay's. The operator's server and the simulator's embedded one are put together with it.
package meet

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/turn"
)

// credentialLifetime is how long a pair of relay credentials can open an allocation: the longest ring plus slack. A live
// allocation is refreshed beyond it (relay, section 3).
const credentialLifetime = 10 * time.Minute

// Mint returns what signaling calls for the relay that clients reach at urls. The function may run concurrently.
func Mint(secret turn.Secret, urls []string) func(now time.Time) (signaling.RelayPair, error) {
	hosts := Hosts(urls)
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

// URLTCP is the TURN URI for TCP.
func URLTCP(host string, port uint16) string {
	return "turn:" + net.JoinHostPort(host, strconv.Itoa(int(port))) + "?transport=tcp"
}

// URLTLS is the TURN URI for TLS over TCP.
func URLTLS(host string, port uint16) string {
	return "turns:" + net.JoinHostPort(host, strconv.Itoa(int(port))) + "?transport=tcp"
}

// Hosts are the relays that this service's phones may be made to talk to.
func Hosts(urls []string) []string {
	var hosts []string
	for _, u := range urls {
		if host, ok := host(u); ok && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// Valid says whether text is a TURN URI of RFC 7065 that phones can use.
func Valid(text string) bool {
	_, ok := host(text)
	return ok
}

// host reads ("turn" / "turns") ":" host [":" port] ["?transport=" ("udp" / "tcp")].
func host(text string) (string, bool) {
	scheme, rest, _ := strings.Cut(text, ":")
	rest, query, asked := strings.Cut(rest, "?")
	if scheme != "turn" && scheme != "turns" || rest == "" {
		return "", false
	}
	if asked && query != "transport=tcp" && (query != "transport=udp" || scheme == "turns") {
		return "", false
	}
	u, err := url.Parse("//" + rest)
	if err != nil || u.Hostname() == "" || u.Host != rest || strings.Contains(u.Hostname(), ":") && rest[0] != '[' {
		return "", false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", false
		}
	}
	return u.Hostname(), true
}
