package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// What is published is coarse and slow, because whoever reads the metrics of a small server must not learn when somebody
// called. An exact counter of packets grows while a call lasts, and a gauge that tells one call from none is a list of calls.
const (
	publishEvery = 15 * time.Minute
	// packetStep is 28 hours of one call at 100 packets/s, both ways: a server for few has no step to see, and one for
	// hundreds of calls takes several between two refreshes.
	packetStep = 10_000_000
	// envelopeStep is about as many calls: ten envelopes each.
	envelopeStep = 1_000
	// fewAllocations and less are published as none.
	fewAllocations = 10
)

// figures are what the metrics tell.
type figures struct {
	accepted, refused  uint64 // envelopes
	forwarded, dropped uint64 // packets
	allocations        uint64
}

// figures counts exactly.
func (n *node) figures() (f figures) {
	if n.signaling != nil {
		s := n.signaling.Stats()
		f.accepted, f.refused = s.Accepted, s.Refused
	}
	if n.relay != nil {
		s := n.relay.Stats()
		f.forwarded, f.dropped, f.allocations = s.Forwarded, s.Dropped, uint64(s.Allocations)
	}
	return f
}

// coarse is f as it may be known.
func (f figures) coarse() figures {
	return figures{
		accepted:    f.accepted - f.accepted%envelopeStep,
		refused:     f.refused - f.refused%envelopeStep,
		forwarded:   f.forwarded - f.forwarded%packetStep,
		dropped:     f.dropped - f.dropped%packetStep,
		allocations: powerOfTen(f.allocations),
	}
}

// powerOfTen is the one that n has reached, or 0 for few.
func powerOfTen(n uint64) uint64 {
	reached := uint64(0)
	for step := uint64(fewAllocations); step <= n; step *= 10 {
		reached = step
	}
	return reached
}

// published are the figures of the last refresh.
type published struct {
	last atomic.Pointer[figures] // nil before the first
}

func (p *published) figures() figures {
	if f := p.last.Load(); f != nil {
		return *f
	}
	return figures{}
}

// publishLoop refreshes what the metrics tell until ctx ends.
func (p *published) publishLoop(ctx context.Context, exact func() figures) {
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f := exact().coarse()
			p.last.Store(&f)
		}
	}
}

// metricsHandler serves what get returns. Every metric is a row of the table in doc.go.
func metricsHandler(signaling, relay bool, get func() figures) http.Handler {
	r := prometheus.NewRegistry()
	counter := func(name, help, result string, value func(figures) uint64) {
		opts := prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"result": result}}
		r.MustRegister(prometheus.NewCounterFunc(opts, func() float64 { return float64(value(get())) }))
	}
	if signaling {
		const name, help = "taciturn_signaling_envelopes_total", "Envelopes submitted, in steps of 1,000, refreshed every 15 minutes."
		counter(name, help, "accepted", func(f figures) uint64 { return f.accepted })
		counter(name, help, "refused", func(f figures) uint64 { return f.refused })
	}
	if relay {
		const name, help = "taciturn_relay_packets_total", "Data packets of clients, in steps of 10,000,000, refreshed every 15 minutes."
		counter(name, help, "forwarded", func(f figures) uint64 { return f.forwarded })
		counter(name, help, "dropped", func(f figures) uint64 { return f.dropped })
		opts := prometheus.GaugeOpts{Name: "taciturn_relay_allocations_bucket", Help: "Power of ten that allocations reached, 0 below 10, refreshed every 15 minutes."}
		r.MustRegister(prometheus.NewGaugeFunc(opts, func() float64 { return float64(get().allocations) }))
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}
