package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/taciturn-voice/taciturn/signaling"
	"github.com/taciturn-voice/taciturn/signaling/envelope"
)

// refusalTime is when a refusal leaves after its request arrived: longer than asking any node takes, so that all refusals
// look alike.
const refusalTime = 25 * time.Millisecond

// submit takes an envelope from anybody.
func (s *Server) submit(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if !s.allow(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, envelope.Size+1))
	if err != nil {
		fail(w, http.StatusBadRequest)
		return
	}
	header, err := envelope.ParseHeader(body)
	if errors.Is(err, envelope.ErrSize) {
		failWith(w, http.StatusBadRequest, "an envelope has exactly 4096 bytes")
		return
	}
	var key [envelope.DeliveryKeySize]byte
	if err != nil || !signaling.DecodeHeader(key[:], r.Header.Get(signaling.HeaderDeliveryKey)) {
		fail(w, http.StatusBadRequest)
		return
	}
	if s.hand(r.Context(), header.Queue, envelope.DeliveryKeyFrom(key), body) {
		s.counters.accepted.Add(1)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	s.counters.refused.Add(1)
	wait := time.NewTimer(refusalTime - time.Since(arrived))
	defer wait.Stop()
	select {
	case <-wait.C:
		fail(w, http.StatusForbidden)
	case <-r.Context().Done():
	}
}

// hand gives an envelope to the node whose reader has the queue; false if there is none that takes it.
func (s *Server) hand(ctx context.Context, queue envelope.QueueID, key envelope.DeliveryKey, env []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	hash := key.Hash()
	data := make([]byte, 0, submitBytes)
	data = append(append(append(data, busSubmit), hash[:]...), env...)
	answer, err := s.cfg.Bus.Request(ctx, s.cfg.Bus.Subject(queue.Bytes()), data)
	return err == nil && len(answer) == 1 && answer[0] == answerAccepted
}
