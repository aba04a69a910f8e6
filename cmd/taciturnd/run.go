package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/taciturn-voice/taciturn/cmd/internal/meet"
	"github.com/taciturn-voice/taciturn/signaling/bus"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/server"
	"github.com/taciturn-voice/taciturn/turn"
)

// stopGrace is how long open requests may take after a stop was asked for. WebSockets are closed by the server itself.
const stopGrace = 5 * time.Second

// node is one running taciturnd.
type node struct {
	// Static after start.
	cfg       config
	log       *slog.Logger
	relay     *turn.Server     // nil without the relay role
	signaling *server.Server   // nil without the signaling role
	tcp       net.Listener     // signaling, and TURN beside it; or TURN alone
	door      *turn.Door       // on tcp; nil without the relay role
	web       net.Listener     // HTTP: of the door, or tcp; nil without the signaling role
	certs     *certificates    // nil without TLS
	urls      []string         // of the relay, for phones
	admin     net.Listener     // nil when switched off
	sockets   []net.PacketConn // the relay's shards
	bus       *bus.Bus         // nil without the signaling role
	published published        // refreshed by publishLoop
	draining  atomic.Bool
}

// run starts what the role asks for, says where it is, and returns when ctx ends or a listener fails.
func run(ctx context.Context, cfg config, stdout, stderr io.Writer) (err error) {
	n := &node{cfg: cfg, log: newLogger(stderr, cfg.logFormat)}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.start(ctx); err != nil {
		return err
	}
	n.announce(stdout)
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // no effect outside systemd
	err = n.serve(ctx, stdout)
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	if ctx.Err() != nil {
		fmt.Fprintln(stdout, "stopping")
	}
	return err
}

// start opens every listener before anything is served, so that a taken port fails the start and not the first call.
func (n *node) start(ctx context.Context) (err error) {
	if n.certs, err = newCertificates(n.cfg.tls); err != nil {
		return err
	}
	if n.cfg.role.relay() {
		if n.relay, err = turn.New(turn.Config{Secrets: n.cfg.secrets, Public4: public4(n.cfg.turnPublic.Addr()), Public6: public6(n.cfg.turnPublic.Addr()), Log: n.log}); err != nil {
			return fmt.Errorf("set up the relay: %w", err)
		}
		if err := n.listenRelay(); err != nil {
			return err
		}
	}
	if n.cfg.role.signaling() {
		if n.tcp, err = net.Listen("tcp", n.cfg.listen.String()); err != nil {
			return listenError("signaling (HTTP)", "--listen", err)
		}
	}
	n.open()
	if n.cfg.role.signaling() {
		if n.bus, err = bus.Open(bus.Config{URL: n.cfg.natsURL, Dir: n.cfg.dataDir, Log: n.log}); err != nil {
			return command.Failed(fmt.Errorf("open the store: %w", err), storeHint(n.cfg, err))
		}
		accounts, err := directory.Open(ctx, n.bus)
		if err != nil {
			return command.Failed(fmt.Errorf("open the store: %w", err), storeHint(n.cfg, err))
		}
		n.signaling, err = server.New(server.Config{Directory: accounts, Bus: n.bus, MintRelay: n.mint(), RelayHosts: meet.Hosts(n.urls), RegistrationOpen: n.cfg.registration, Log: n.log})
		if err != nil {
			return fmt.Errorf("set up signaling: %w", err)
		}
	}
	if n.cfg.adminListen.IsValid() {
		if n.admin, err = net.Listen("tcp", n.cfg.adminListen.String()); err != nil {
			return listenError("admin (HTTP)", "--admin-listen", err)
		}
	}
	return nil
}

// serve blocks until ctx ends or one part fails, and waits for the others.
func (n *node) serve(asked context.Context, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(asked))
	defer cancel()
	var wg sync.WaitGroup
	failures := make(chan error, len(n.sockets)+4)
	part := func(name string, serve func() error) {
		wg.Go(func() {
			if err := serve(); err != nil && ctx.Err() == nil {
				failures <- fmt.Errorf("%s stopped: %w", name, err)
				cancel()
			}
		})
	}
	for _, socket := range n.sockets {
		part("relay", func() error { return n.relay.ServeUDP(ctx, socket) })
	}
	if n.door != nil {
		part("relay", func() error { return n.door.Serve(ctx) })
	}
	if n.web != nil {
		part("signaling", func() error { return serveHTTP(ctx, n.web, webHandler(n.signaling.Handler()), n.signaling.Close) })
	}
	if n.admin != nil {
		part("admin", func() error { return serveHTTP(ctx, n.admin, n.adminHandler(), nil) })
	}
	wg.Go(func() { n.published.publishLoop(ctx, n.figures) })
	wg.Go(func() { n.reloadLoop(ctx) })
	wg.Go(func() { n.stopLoop(asked, ctx, cancel, stdout) })
	wg.Wait()
	close(failures)
	var errs []error
	for err := range failures {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// serveHTTP serves until ctx ends. closeFirst ends the hijacked connections that http.Server does not know about.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, closeFirst func() error) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // its lines name remote addresses
	}
	stopped := make(chan struct{})
	go shutdownLoop(ctx, s, closeFirst, stopped)
	err := s.Serve(l)
	if errors.Is(err, http.ErrServerClosed) || ctx.Err() != nil { // the listener may have ended first
		<-stopped
		return nil
	}
	return command.Cause(err)
}

// shutdownLoop waits for the end of ctx and then stops s.
func shutdownLoop(ctx context.Context, s *http.Server, closeFirst func() error, stopped chan<- struct{}) {
	defer close(stopped)
	<-ctx.Done()
	if closeFirst != nil {
		_ = closeFirst()
	}
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if s.Shutdown(grace) != nil {
		_ = s.Close()
	}
}

// close releases what start opened, in the order that lets each part finish; it is safe after a failed start.
func (n *node) close() error {
	var errs []error
	if n.signaling != nil {
		errs = append(errs, n.signaling.Close())
	}
	if n.relay != nil {
		errs = append(errs, n.relay.Close())
	}
	for _, s := range n.sockets {
		_ = s.Close() // ServeUDP may have closed it already
	}
	for _, l := range []net.Listener{n.web, n.tcp, n.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	if n.bus != nil {
		errs = append(errs, n.bus.Close())
	}
	return errors.Join(errs...)
}

// announce says where everything is and how to place the first call.
func (n *node) announce(w io.Writer) {
	fmt.Fprintf(w, "taciturnd %s\n", command.Version())
	if n.web != nil {
		fmt.Fprintf(w, "  signaling  %s\n", n.url())
	}
	if n.relay != nil {
		fmt.Fprintf(w, "  relay      %s\n", strings.Join(n.urls, "\n             "))
	}
	if n.admin != nil {
		fmt.Fprintf(w, "  admin      http://%s/metrics (this machine only)\n", n.admin.Addr())
	}
	if n.web == nil {
		return
	}
	if n.cfg.dataDir == "" && n.cfg.natsURL == "" {
		fmt.Fprintln(w, "  data       in memory: accounts are gone when this process stops; --data-dir keeps them")
	}
	if n.certs != nil {
		return
	}
	fmt.Fprintf(w, "  development mode: plain HTTP, loopback only\n\n")
	fmt.Fprintf(w, `the first call, from two more terminals:
  1  taciturn --profile bob init --server %[1]s
     taciturn --profile bob id --link
     taciturn --profile bob listen --answer --record out.wav
  2  taciturn --profile alice init --server %[1]s
     taciturn --profile alice call LINK --play testdata/audio/speech.wav --for 12s
(make build puts taciturn into bin/)
`, n.url())
}

func listenError(what, flag string, err error) error {
	hint := "choose another address with " + flag
	if errors.Is(err, syscall.EADDRINUSE) {
		hint = "another process has this port: stop it, or choose another one with " + flag
	}
	return command.Failed(fmt.Errorf("listen for %s: %w", what, command.Cause(err)), hint)
}

// storeHint: a store that does not open is left as it was.
func storeHint(cfg config, err error) string {
	switch {
	case cfg.natsURL != "":
		return "is the cluster of --nats running, and may this process use it?"
	case errors.Is(err, bus.ErrLocked):
		return "stop the other taciturnd, or choose another --data-dir"
	case errors.Is(err, bus.ErrDamaged):
		return "nothing was changed; restore --data-dir from a backup, or start with an empty one"
	}
	return "nothing was changed; check --data-dir"
}

func newLogger(w io.Writer, format string) *slog.Logger {
	if format == "auto" {
		format = "json"
		if f, ok := w.(*os.File); ok {
			if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				format = "text"
			}
		}
	}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}
