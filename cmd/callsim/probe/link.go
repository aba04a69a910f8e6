package probe

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// Sizes of RFC 8489 section 5 and RFC 8656 section 12.4.
const (
	stunHeader    = 20
	channelHeader = 4
	maxMessage    = 4 + 1<<16 + 20
)

// link is a way to the server that carries whole messages. One goroutine uses it.
type link struct {
	conn   net.Conn
	stream bool
	sent   *int // packets, of the whole run
}

func (e *env) dial(transport Transport) (*link, error) {
	ctx, cancel := context.WithTimeout(e.ctx, dialTimeout)
	defer cancel()
	var conn net.Conn
	var err error
	switch transport {
	case UDP:
		conn, err = (&net.Dialer{}).DialContext(ctx, "udp", e.cfg.Target)
	case TCP:
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", e.cfg.Target)
	case TLS:
		// Whether its certificate is good is not what is asked here, and a wrong one must not hide the rest.
		conn, err = (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", e.cfg.Target)
	}
	if err != nil {
		return nil, err
	}
	return &link{conn, transport != UDP, &e.packets}, nil
}

func (l *link) write(b []byte) error {
	if *l.sent >= maxPackets {
		return errTooMany
	}
	*l.sent++
	_ = l.conn.SetWriteDeadline(time.Now().Add(dialTimeout)) // a server that does not read must not hang the probe
	_, err := l.conn.Write(b)
	return err
}

// read returns the next message, or an error: os.ErrDeadlineExceeded at the deadline.
func (l *link) read(deadline time.Time) ([]byte, error) {
	_ = l.conn.SetReadDeadline(deadline)
	b := make([]byte, maxMessage)
	if !l.stream {
		n, err := l.conn.Read(b)
		return b[:n], err
	}
	if _, err := io.ReadFull(l.conn, b[:channelHeader]); err != nil {
		return nil, err
	}
	n := channelHeader + int(binary.BigEndian.Uint16(b[2:]))
	if b[0]&0xC0 == 0 {
		n += stunHeader - channelHeader
	} else {
		n += -n & 3
	}
	_, err := io.ReadFull(l.conn, b[channelHeader:n])
	return b[:n], err
}

// broken says in a word why nothing was read.
func broken(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "silence"
	}
	return "closed"
}
