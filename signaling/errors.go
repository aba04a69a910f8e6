package signaling

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
)

// Errors. None names a server, an account or a queue.
var (
	// ErrNotFound: the server knows no such account or device.
	ErrNotFound = errors.New("signaling: not found")
	// ErrRateLimited: too many requests from this network; try later.
	ErrRateLimited = errors.New("signaling: too many requests")
	// ErrUnavailable: the server cannot be reached or cannot serve; try later.
	ErrUnavailable = errors.New("signaling: server not available")
	// ErrRefused: the server does not accept this. For an envelope that means no such queue, nobody there, a full queue or
	// a wrong delivery key: a server does not say which.
	ErrRefused = errors.New("signaling: refused")
	// ErrClosed: the Client, Mailbox or Queue has been closed.
	ErrClosed = errors.New("signaling: closed")
)

// cause maps an error of the network to ours. Theirs name servers and addresses; what remains says what went wrong.
func cause(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	var (
		timeout net.Error
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &errno):
		return fmt.Errorf("%w: %w", ErrUnavailable, errno)
	case errors.As(err, &name):
		return fmt.Errorf("%w: its name does not resolve", ErrUnavailable)
	case errors.As(err, &cert):
		return fmt.Errorf("%w: its certificate is not accepted", ErrUnavailable)
	case errors.As(err, &record):
		return fmt.Errorf("%w: it does not speak TLS", ErrUnavailable)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w", ErrUnavailable, context.DeadlineExceeded)
	}
	return ErrUnavailable
}

// statusError maps what a server answered.
func statusError(status int) error {
	switch {
	case status < http.StatusMultipleChoices:
		return nil
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		return ErrRefused
	}
	return ErrUnavailable
}
