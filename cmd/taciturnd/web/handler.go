package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

const (
	// policy allows what the phone is made of and nothing else. Styles are a file, so none is inline either.
	policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types taciturn"
	permissions = "microphone=(self), camera=(self), geolocation=(), display-capture=(), usb=(), payment=()"
	forever     = "public, max-age=31536000, immutable"
)

// Handler serves the phone at / and /web/, and leaves everything else to next. It fails only when the embedded files are
// not what they should be.
func Handler(next http.Handler) (http.Handler, error) {
	phone, err := fs.Sub(phoneFiles, "phone")
	if err != nil {
		return nil, err
	}
	dist, err := fs.Sub(distFiles, "dist")
	if err != nil {
		return nil, err
	}
	b, err := load(phone, dist)
	if err != nil {
		return nil, err
	}
	return b.handler(next), nil
}

func (b *bundle) handler(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		b.page.serve(w, r, "no-cache")
	})
	mux.HandleFunc("GET /web/{bundle}/{file}", func(w http.ResponseWriter, r *http.Request) {
		file, ok := b.files[r.PathValue("file")]
		if !ok || r.PathValue("bundle") != b.name {
			http.NotFound(w, r) // an old page: it loads itself anew
			return
		}
		file.serve(w, r, forever)
	})
	return mux
}

// serve answers with a, packed unless the client does not want that.
func (a asset) serve(w http.ResponseWriter, r *http.Request, cache string) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Security-Policy", policy)
	h.Set("Permissions-Policy", permissions)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", a.tag)
	if strings.Contains(r.Header.Get("If-None-Match"), a.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(a.packed)))
		_, _ = w.Write(a.packed)
		return
	}
	plain, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		http.Error(w, "damaged", http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, plain)
}
