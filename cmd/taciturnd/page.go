package main

import (
	_ "embed"
	"net/http"
)

//go:embed page.html
var startPage []byte

// webHandler serves the start page at / and leaves everything else to signaling.
func webHandler(signaling http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", signaling)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(startPage)
	})
	return mux
}
