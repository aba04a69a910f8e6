package main

import (
	"io"
	"net/http"
)

// adminHandler serves metrics and health.
func (n *node) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metricsHandler(n.signaling != nil, n.relay != nil, n.published.figures))
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
