package main

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// bucketEvery is how often the allocation gauge may change (service, section 5).
const bucketEvery = 15 * time.Minute

// allocationBucket holds the power of ten that the number of allocations had reached at the last refresh.
type allocationBucket struct{ value atomic.Int64 }

func (b *allocationBucket) set(allocations int64) {
	bucket := int64(0)
	for step := int64(1); step <= allocations; step *= 10 {
		bucket = step
	}
	b.value.Store(bucket)
}

// bucketLoop refreshes the coarse gauge until ctx ends.
func (n *node) bucketLoop(ctx context.Context) {
	if n.relay == nil {
		return
	}
	tick := time.NewTicker(bucketEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n.buckets.set(int64(n.relay.Stats().Allocations))
		}
	}
}

// adminHandler serves metrics and health. Every metric is a row of the table in doc.go.
func (n *node) adminHandler() http.Handler {
	r := prometheus.NewRegistry()
	counter := func(name, help, result string, value func() uint64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: prometheus.Labels{"result": result}}, func() float64 { return float64(value()) }))
	}
	if n.signaling != nil {
		const name, help = "taciturn_signaling_envelopes_total", "Envelopes submitted."
		counter(name, help, "accepted", func() uint64 { return n.signaling.Stats().Accepted })
		counter(name, help, "refused", func() uint64 { return n.signaling.Stats().Refused })
	}
	if n.relay != nil {
		const name, help = "taciturn_relay_packets_total", "Data packets of clients."
		counter(name, help, "forwarded", func() uint64 { return n.relay.Stats().Forwarded })
		counter(name, help, "dropped", func() uint64 { return n.relay.Stats().Dropped })
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "taciturn_relay_allocations_bucket", Help: "Power of ten that allocations reached, refreshed every 15 minutes."}, func() float64 { return float64(n.buckets.value.Load()) }))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /readyz", n.ready)
	return mux
}

// ready tells a load balancer to send nobody to a process that is about to stop.
func (n *node) ready(w http.ResponseWriter, r *http.Request) {
	if n.draining.Load() {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	ok(w, r)
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }
