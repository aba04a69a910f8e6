package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/pion/logging"
	turn3 "github.com/pion/turn/v3"
	turn5 "github.com/pion/turn/v5"

	"github.com/taciturn-voice/taciturn/turn"
)

// childArgument makes this program a relay. It is told what to be on its standard input, and ends when that does.
const childArgument = "child"

// order is what a child is told.
type order struct {
	Kind     kind
	Address  string // of the machine
	Secret   string
	Capacity int // allocations
	Shards   int
	Profile  string // where to write a CPU profile; empty: nowhere
}

// ready is what it says when it listens.
type ready struct{ Addresses []netip.AddrPort }

// perServer is how many allocations one server of ours takes: virtual ports of one address.
const perServer = 60_000

const relayRealm = "bench"

func childMain() error {
	in := json.NewDecoder(os.Stdin)
	var o order
	if err := in.Decode(&o); err != nil {
		return fmt.Errorf("turnbench: read order: %w", err)
	}
	addresses, failed, err := o.start()
	if err != nil {
		return err
	}
	if o.Profile != "" {
		f, err := os.Create(o.Profile)
		if err != nil {
			return fmt.Errorf("turnbench: create profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("turnbench: start profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready{addresses}); err != nil {
		return fmt.Errorf("turnbench: report: %w", err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	select {
	case err := <-failed:
		return err
	case <-over:
		return nil
	}
}

// start makes a relay of this process.
func (o order) start() (addresses []netip.AddrPort, failed chan error, err error) {
	failed = make(chan error, 64)
	switch o.Kind {
	case kindOurs:
		servers := (o.Capacity + perServer - 1) / perServer // among which the generator deals the calls
		for range servers {
			at, err := o.ours(o.Capacity/servers+2, failed)
			if err != nil {
				return nil, nil, err
			}
			addresses = append(addresses, at)
		}
		return addresses, failed, nil
	case kindRaw:
		runtime.GOMAXPROCS(runtime.NumCPU() + 1) // the loop never yields
		at, loop, err := forwardRaw(o.Address)
		if err == nil {
			go func() { failed <- loop() }()
		}
		return []netip.AddrPort{at}, failed, err
	case kindPion3, kindPion5:
		conn, err := net.ListenPacket("udp4", net.JoinHostPort(o.Address, "0"))
		if err != nil {
			return nil, nil, fmt.Errorf("turnbench: open socket: %w", err)
		}
		serve := o.pion5
		if o.Kind == kindPion3 {
			serve = o.pion3
		}
		return []netip.AddrPort{conn.LocalAddr().(*net.UDPAddr).AddrPort()}, failed, serve(conn)
	}
	return nil, nil, errors.New("turnbench: unknown relay")
}

func (o order) ours(capacity int, failed chan<- error) (netip.AddrPort, error) {
	secret, err := turn.ParseSecret([]byte(o.Secret))
	if err != nil {
		return netip.AddrPort{}, err
	}
	s, err := turn.New(turn.Config{
		Realm: relayRealm, Secrets: []turn.Secret{secret}, Public4: netip.MustParseAddr(o.Address), MaxAllocations: capacity,
		BytesPerSecond: 16 << 20, // on, and out of reach however few calls fill the relay
		Log:            slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return netip.AddrPort{}, err
	}
	conns, err := turn.ListenUDP(net.JoinHostPort(o.Address, "0"), o.Shards)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for _, c := range conns {
		go func() { failed <- s.ServeUDP(context.Background(), c) }()
	}
	return conns[0].LocalAddr().(*net.UDPAddr).AddrPort(), nil
}

func (o order) pion3(conn net.PacketConn) error {
	_, err := turn3.NewServer(turn3.ServerConfig{
		Realm: relayRealm, LoggerFactory: quiet(),
		AuthHandler: func(username, realm string, _ net.Addr) ([]byte, bool) {
			return turn3.GenerateAuthKey(username, realm, restPassword(o.Secret, username)), true
		},
		PacketConnConfigs: []turn3.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: &turn3.RelayAddressGeneratorStatic{RelayAddress: net.ParseIP(o.Address), Address: o.Address},
		}},
	})
	return err
}

func (o order) pion5(conn net.PacketConn) error {
	_, err := turn5.NewServer(turn5.ServerConfig{
		Realm: relayRealm, LoggerFactory: quiet(),
		AuthHandler: func(a *turn5.RequestAttributes) (string, []byte, bool) {
			return a.Username, turn5.GenerateAuthKey(a.Username, a.Realm, restPassword(o.Secret, a.Username)), true
		},
		PacketConnConfigs: []turn5.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: &turn5.RelayAddressGeneratorStatic{RelayAddress: net.ParseIP(o.Address), Address: o.Address},
		}},
	})
	return err
}

func quiet() logging.LoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}
