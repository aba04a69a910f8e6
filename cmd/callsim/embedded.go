package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/cmd/internal/meet"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/server"
	"github.com/taciturn-voice/taciturn/turn"
)

// embedded is a whole server on loopback, with real sockets that an observer watches.
type embedded struct {
	url string

	bus       *bus.Bus
	signaling *server.Server
	relay     *turn.Server
	sockets   []net.PacketConn
	http      *http.Server
	web       net.Listener
	stop      context.CancelFunc
	wg        sync.WaitGroup
}

// startEmbedded listens on free loopback ports.
func startEmbedded(ctx context.Context, o *observer) (e *embedded, err error) {
	e = &embedded{}
	ctx, e.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	log := slog.New(slog.DiscardHandler)
	secret, err := turn.GenerateSecret()
	if err != nil {
		return e, err
	}
	if e.sockets, err = turn.ListenUDP("127.0.0.1:0", 1); err != nil {
		return e, command.Cause(err)
	}
	at := e.sockets[0].LocalAddr().(*net.UDPAddr).AddrPort()
	if e.relay, err = turn.New(turn.Config{Secrets: []turn.Secret{secret}, Public4: at.Addr().Unmap(), Log: log}); err != nil {
		return e, err
	}
	if e.bus, err = bus.Open(bus.Config{Log: log}); err != nil {
		return e, err
	}
	accounts, err := directory.Open(ctx, e.bus)
	if err != nil {
		return e, err
	}
	urls := []string{meet.URL(at)}
	e.signaling, err = server.New(server.Config{Directory: accounts, Bus: e.bus, MintRelay: meet.Mint(secret, urls), RelayHosts: meet.Hosts(urls), RegistrationOpen: true, Log: log})
	if err != nil {
		return e, err
	}
	if e.web, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return e, command.Cause(err)
	}
	e.url = "http://" + e.web.Addr().String()
	e.http = &http.Server{Handler: o.watchHTTP(e.signaling.Handler()), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	for _, s := range e.sockets {
		watched := o.watchRelay(s)
		e.wg.Go(func() { _ = e.relay.ServeUDP(ctx, watched) })
	}
	e.wg.Go(func() { _ = e.http.Serve(e.web) })
	return e, nil
}

// Close stops everything and waits.
func (e *embedded) Close() error {
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
	e.wg.Wait()
	if e.bus != nil {
		errs = append(errs, e.bus.Close())
	}
	return errors.Join(errs...)
}
