package main

import (
	"net/http"

	"github.com/taciturn-voice/taciturn/cmd/taciturnd/web"
)

// webHandler serves the web phone at / and leaves everything else to signaling.
func webHandler(signaling http.Handler) http.Handler {
	phone, err := web.Handler(signaling)
	if err != nil {
		panic("taciturnd: internal error: the embedded web phone cannot be read") // it is part of this binary
	}
	return phone
}
