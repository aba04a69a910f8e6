package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	drainLook = 100 * time.Millisecond // how often a draining relay is looked at

	// signalDelay is how much later than the end of the context the signal behind it may be seen here.
	signalDelay = 100 * time.Millisecond
)

// stopLoop waits until ctx ends or the service does by itself. After SIGTERM it lets the calls that are here come to their end, for as
// long as the configuration says or until the next signal; then it stops the service.
func (n *node) stopLoop(ctx, service context.Context, stop func(), stdout io.Writer) {
	defer stop()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	select {
	case <-service.Done():
		return
	case <-ctx.Done():
	}
	if n.relay == nil || n.cfg.drain <= 0 || n.relay.Stats().Allocations == 0 {
		return
	}
	select {
	case s := <-signals:
		if s == os.Interrupt { // somebody sits there and waits
			return
		}
	case <-time.After(signalDelay):
	}
	n.draining.Store(true)
	n.relay.Drain(n.cfg.drainTo...)
	fmt.Fprintf(stdout, "draining: no new calls; those that are here have up to %v, or until the next signal\n", n.cfg.drain)
	look, end := time.NewTicker(drainLook), time.NewTimer(n.cfg.drain)
	defer look.Stop()
	defer end.Stop()
	for n.relay.Stats().Allocations > 0 {
		select {
		case <-look.C:
		case <-end.C:
			return
		case <-signals:
			return
		case <-service.Done():
			return
		}
	}
}
