package main

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/meet"
	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/turn"
)

// freePortTries is how often a port is looked for that is free on UDP and TCP.
const freePortTries = 32

// listenRelay opens the relay's UDP port, and of a relay that runs alone the TCP port of the same number.
func (n *node) listenRelay() error {
	// The shards share their port, and would share it with another relay as well: first see whether it is free.
	if n.cfg.turnListen.Port() != 0 {
		probe, err := net.ListenPacket("udp", n.cfg.turnListen.String())
		if err != nil {
			return listenError("relay (UDP)", "--turn-listen", err)
		}
		_ = probe.Close()
	}
	for try := 1; ; try++ {
		var err error
		if n.sockets, err = turn.ListenUDP(n.cfg.turnListen.String(), n.cfg.shards); err != nil {
			return listenError("relay (UDP)", "--turn-listen", err)
		}
		at, _ := n.sockets[0].LocalAddr().(*net.UDPAddr)
		if n.cfg.role == roleRelay {
			if n.tcp, err = net.Listen("tcp", at.String()); err != nil {
				for _, s := range n.sockets {
					_ = s.Close()
				}
				if n.cfg.turnListen.Port() == 0 && errors.Is(err, syscall.EADDRINUSE) && try < freePortTries {
					continue
				}
				return listenError("relay (TCP)", "--turn-listen", err)
			}
		}
		if n.cfg.turnPublic.Port() == 0 {
			// Asked for any free port: clients must hear which one it became.
			n.cfg.turnPublic = netip.AddrPortFrom(n.cfg.turnPublic.Addr(), at.AddrPort().Port())
		}
		return nil
	}
}

// open decides what is served on the TCP port, and what phones are told.
func (n *node) open() {
	config, port := n.certs.config(), uint16(0)
	if a, ok := n.tcp.Addr().(*net.TCPAddr); ok {
		port = a.AddrPort().Port()
	}
	n.urls = n.cfg.relayURLs(port)
	if n.relay != nil {
		n.door = n.relay.NewDoor(n.tcp, config)
	}
	switch {
	case n.cfg.role.signaling() && n.relay != nil:
		n.web = n.door.Others()
	case n.cfg.role.signaling() && config != nil:
		n.web = tls.NewListener(n.tcp, config)
	case n.cfg.role.signaling():
		n.web = n.tcp
	}
}

// url is where phones find signaling.
func (n *node) url() string {
	if n.certs == nil {
		return "http://" + n.tcp.Addr().String()
	}
	host, port, _ := net.SplitHostPort(n.tcp.Addr().String())
	if n.cfg.publicName.host != "" {
		host = n.cfg.publicName.host
	}
	if n.cfg.publicName.port != 0 {
		port = strconv.Itoa(int(n.cfg.publicName.port))
	}
	if port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

var errDraining = errors.New("the relay is draining")

// mint makes relay credentials until this relay takes no more calls.
func (n *node) mint() func(now time.Time) (signaling.RelayPair, error) {
	mint := meet.Mint(n.cfg.secrets[0], n.urls)
	return func(now time.Time) (signaling.RelayPair, error) {
		if n.draining.Load() && len(n.cfg.drainTo) == 0 {
			return signaling.RelayPair{}, errDraining
		}
		return mint(now)
	}
}

func public4(a netip.Addr) netip.Addr {
	if a.Is4() || a.Is4In6() {
		return a.Unmap()
	}
	return netip.Addr{}
}

func public6(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		return a
	}
	return netip.Addr{}
}
