package target

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/cmd/internal/meet"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/server"
	"github.com/taciturn-voice/taciturn/turn"
)

// Config is what Start does beside serving. The zero value serves on free ports of loopback.
type Config struct {
	// Sockets is over how many sockets the relay spreads its clients. 0: one.
	Sockets int
	// WatchRelay and WatchHTTP wrap the relay's sockets and signaling's handler. Nil: nothing watches.
	WatchRelay func(net.PacketConn) net.PacketConn
	WatchHTTP  func(http.Handler) http.Handler
	// ListenPacket and Listen open the relay's one socket and signaling's listener on another network. Nil: loopback.
	ListenPacket func() (net.PacketConn, error)
	Listen       func() (net.Listener, error)
}

// Embedded is a whole server in this process, on loopback.
type Embedded struct {
	// Static after Start.
	URL    string
	Relay  netip.AddrPort
	Secret turn.Secret // of the relay's credentials

	bus       *bus.Bus
	signaling *server.Server
	relay     *turn.Server
	sockets   []net.PacketConn
	http      *http.Server
	web       net.Listener
	stop      context.CancelFunc
	wg        sync.WaitGroup
}

// Start listens on free loopback ports, until Close or the end of ctx.
func Start(ctx context.Context, cfg Config) (e *Embedded, err error) {
	e = &Embedded{}
	ctx, e.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	log := slog.New(slog.DiscardHandler)
	if e.Secret, err = turn.GenerateSecret(); err != nil {
		return e, err
	}
	if err := e.listen(cfg); err != nil {
		return e, command.Cause(err)
	}
	e.Relay = e.sockets[0].LocalAddr().(*net.UDPAddr).AddrPort()
	if e.relay, err = turn.New(turn.Config{Secrets: []turn.Secret{e.Secret}, Public4: e.Relay.Addr().Unmap(), Log: log}); err != nil {
		return e, err
	}
	if e.bus, err = bus.Open(bus.Config{Log: log}); err != nil {
		return e, err
	}
	accounts, err := directory.Open(ctx, e.bus)
	if err != nil {
		return e, err
	}
	urls := []string{meet.URL(e.Relay)}
	e.signaling, err = server.New(server.Config{
		Directory: accounts, Bus: e.bus, MintRelay: meet.Mint(e.Secret, urls), RelayHosts: meet.Hosts(urls), RegistrationOpen: true, Log: log,
	})
	if err != nil {
		return e, err
	}
	e.URL = "http://" + e.web.Addr().String()
	handler := e.signaling.Handler()
	if cfg.WatchHTTP != nil {
		handler = cfg.WatchHTTP(handler)
	}
	e.http = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	for _, s := range e.sockets {
		if cfg.WatchRelay != nil {
			s = cfg.WatchRelay(s)
		}
		e.wg.Go(func() { _ = e.relay.ServeUDP(ctx, s) })
	}
	e.wg.Go(func() { _ = e.http.Serve(e.web) })
	return e, nil
}

// listen opens the sockets.
func (e *Embedded) listen(cfg Config) (err error) {
	if cfg.ListenPacket == nil {
		e.sockets, err = turn.ListenUDP("127.0.0.1:0", max(1, cfg.Sockets))
	} else {
		e.sockets = make([]net.PacketConn, 1)
		e.sockets[0], err = cfg.ListenPacket()
	}
	if err != nil {
		e.sockets = nil
		return err
	}
	if cfg.Listen == nil {
		e.web, err = net.Listen("tcp", "127.0.0.1:0")
	} else {
		e.web, err = cfg.Listen()
	}
	return err
}

// Stats are those of the relay.
func (e *Embedded) Stats() turn.Stats { return e.relay.Stats() }

// Close stops everything and waits.
func (e *Embedded) Close() error {
	var errs []error
	e.stop()
	if e.signaling != nil {
		errs = append(errs, e.signaling.Close())
	}
	if e.http != nil {
		errs = append(errs, e.http.Close())
	}
	if e.relay != nil {
		errs = append(errs, e.relay.Close())
	}
	for _, s := range e.sockets {
		_ = s.Close()
	}
	if e.web != nil {
		_ = e.web.Close() // in case that it was never served
	}
	e.wg.Wait()
	if e.bus != nil {
		errs = append(errs, e.bus.Close())
	}
	return errors.Join(errs...)
}
