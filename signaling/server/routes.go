package server

import (
	"encoding/json"
	"net/http"

	"github.com/taciturn-voice/taciturn/signaling"
)

// route is one endpoint. docs/openapi.yaml describes the same ones; a test compares.
type route struct {
	method, path string
	serve        http.HandlerFunc
}

func (s *Server) table() []route {
	return []route{
		{http.MethodGet, signaling.PathDirectory + "{account}", s.lookup},
		{http.MethodPut, signaling.PathDirectory + "{account}", s.publish},
		{http.MethodPost, signaling.PathRegistrations, s.register},
		{http.MethodPost, signaling.PathEnvelopes, s.submit},
		{http.MethodGet, signaling.PathMailbox, s.mailbox},
		{http.MethodGet, signaling.PathQueues + "{id}", s.queue},
		{http.MethodGet, signaling.PathRelayHosts, s.relayHosts},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			if s.isClosed() {
				fail(w, http.StatusServiceUnavailable)
				return
			}
			r.serve(w, req)
		})
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound) })
	return mux
}

// messages are all that an error says: constants, so that none can hold what came in.
var messages = map[int]string{
	http.StatusBadRequest:            "malformed request",
	http.StatusForbidden:             "refused",
	http.StatusNotFound:              "not found",
	http.StatusConflict:              "this mailbox belongs to somebody else",
	http.StatusPreconditionFailed:    "the account has changed; the entity tag names its state",
	http.StatusRequestEntityTooLarge: "too large",
	http.StatusPreconditionRequired:  "If-Match or If-None-Match is required",
	http.StatusTooManyRequests:       "too many requests; try later",
	http.StatusServiceUnavailable:    "not available; try later",
}

// fail answers with the one message of a status.
func fail(w http.ResponseWriter, status int) { failWith(w, status, messages[status]) }

func failWith(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Error string `json:"error"`
	}{message})
}

func (s *Server) relayHosts(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	hosts := s.cfg.RelayHosts
	if hosts == nil {
		hosts = []string{}
	}
	_ = json.NewEncoder(w).Encode(signaling.RelayHosts{Hosts: hosts})
}
