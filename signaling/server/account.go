package server

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/directory"
	"github.com/taciturn-voice/taciturn/signaling/record"
)

// lookup answers with what an account publishes.
func (s *Server) lookup(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r) {
		return
	}
	id, err := record.ParseAccountID(r.PathValue("account"))
	if err != nil {
		fail(w, http.StatusNotFound) // like any unknown id
		return
	}
	account, err := s.cfg.Directory.Lookup(r.Context(), id)
	if err != nil {
		s.failStore(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", account.Revision.Tag())
	_, _ = w.Write(account.Published.Append(nil))
}

// publish replaces the device list and the signing device's prekeys.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r, signaling.MaxPublicationSize)
	if !ok {
		return
	}
	published, err := record.ParsePublished(body)
	if err != nil {
		fail(w, http.StatusBadRequest)
		return
	}
	if id, err := published.List.Account.ID().MarshalText(); err != nil || string(id) != r.PathValue("account") {
		fail(w, http.StatusBadRequest)
		return
	}
	change, ok := s.signed(w, r, body, published)
	if !ok {
		return
	}
	changed, err := s.cfg.Directory.Publish(r.Context(), time.Now(), change)
	s.changed(w, changed, err)
}

// register creates an account, or gives one of its devices a mailbox.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r, signaling.MaxRegistrationSize)
	if !ok {
		return
	}
	registration, err := signaling.ParseRegistration(body)
	if err != nil {
		fail(w, http.StatusBadRequest)
		return
	}
	change, ok := s.signed(w, r, body, registration.Published)
	if !ok {
		return
	}
	changed, err := s.cfg.Directory.Register(r.Context(), time.Now(), change, registration.Mailbox, registration.DeliveryKeyHash, s.cfg.RegistrationOpen)
	s.changed(w, changed, err)
}

// body reads the whole body of a change, or answers.
func (s *Server) body(w http.ResponseWriter, r *http.Request, limit int) ([]byte, bool) {
	if !s.allow(w, r) {
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	if err == nil {
		return body, true
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		fail(w, http.StatusRequestEntityTooLarge)
	} else {
		fail(w, http.StatusBadRequest)
	}
	return nil, false
}

// signed checks the signature of a change by one of the devices that it lists, or answers.
func (s *Server) signed(w http.ResponseWriter, r *http.Request, body []byte, published record.Published) (directory.Change, bool) {
	change := directory.Change{Published: published}
	var signature [record.SignatureSize]byte
	switch match := r.Header.Get("If-Match"); {
	case match != "":
		var err error
		if change.Revision, err = signaling.ParseTag(match); err != nil {
			fail(w, http.StatusBadRequest)
			return change, false
		}
	case strings.TrimSpace(r.Header.Get("If-None-Match")) != "*":
		fail(w, http.StatusPreconditionRequired)
		return change, false
	}
	if !signaling.DecodeHeader(change.Device[:], r.Header.Get(signaling.HeaderDevice)) ||
		!signaling.DecodeHeader(signature[:], r.Header.Get(signaling.HeaderSignature)) {
		fail(w, http.StatusBadRequest)
		return change, false
	}
	device, listed := published.List.Device(change.Device)
	message := signaling.RequestMessage(r.Method, r.Host, r.URL.Path, change.Revision, body)
	if !listed || !device.Key.Verify(signaling.LabelRequest, message, signature) {
		fail(w, http.StatusForbidden)
		return change, false
	}
	return change, true
}

// changed answers a change and ends the connections that it has outdated.
func (s *Server) changed(w http.ResponseWriter, changed directory.Changed, err error) {
	if err != nil {
		s.failStore(w, err)
		return
	}
	for _, mailbox := range changed.Evicted {
		s.replace(mailbox, token{})
	}
	w.Header().Set("ETag", changed.Revision.Tag())
	w.WriteHeader(http.StatusNoContent)
}

// failStore answers an error of the directory.
func (s *Server) failStore(w http.ResponseWriter, err error) {
	if stale, ok := errors.AsType[*directory.RevisionError](err); ok {
		if stale.Revision != (signaling.Revision{}) {
			w.Header().Set("ETag", stale.Revision.Tag())
		}
		fail(w, http.StatusPreconditionFailed)
		return
	}
	switch {
	case errors.Is(err, directory.ErrNotFound):
		fail(w, http.StatusNotFound)
	case errors.Is(err, directory.ErrTaken):
		fail(w, http.StatusConflict)
	case errors.Is(err, directory.ErrClosed), errors.Is(err, directory.ErrRecord):
		fail(w, http.StatusForbidden)
	default:
		s.cfg.Log.Error("the store cannot serve", "error", err)
		fail(w, http.StatusServiceUnavailable)
	}
}
