package turn

import (
	"net"
	"sync"
)

// Forgetful wraps a listener that TLS is put on top of. crypto/tls decrypts what it reads in place, in buffers that it leaves to the
// collector as they are, usernames and all; the connections of this listener remember those buffers, and ServeTCP zeroes them
// when it is done with a connection. Nothing changes for connections that end elsewhere.
//
//	s.ServeTCP(ctx, tls.NewListener(turn.Forgetful(l), config))
func Forgetful(l net.Listener) net.Listener { return forgetfulListener{l} }

type forgetfulListener struct{ net.Listener }

func (l forgetfulListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &forgetfulConn{Conn: c}, nil
}

// maxBuffers is more than a tls.Conn has in its life: its buffer doubles from 512 bytes to what a record needs.
const maxBuffers = 16

// forgetfulConn knows what it has been read into.
type forgetfulConn struct {
	net.Conn

	// Guarded by mu.
	mu       sync.Mutex
	buffers  [][]byte // to their ends
	released bool     // nobody is going to call forget
}

func (c *forgetfulConn) Read(p []byte) (int, error) {
	c.remember(p)
	return c.Conn.Read(p)
}

// remember keeps the longest slice of each array. Slices of one array have one end.
func (c *forgetfulConn) remember(p []byte) {
	if cap(p) == 0 {
		return
	}
	p = p[:cap(p)]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.released {
		return
	}
	for i, b := range c.buffers {
		if last(b) == last(p) {
			if len(p) > len(b) {
				c.buffers[i] = p
			}
			return
		}
	}
	if len(c.buffers) < maxBuffers {
		c.buffers = append(c.buffers, p)
	}
}

func last(b []byte) *byte { return &b[len(b)-1] }

// forget must wait until nobody reads.
func (c *forgetfulConn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.buffers {
		clear(b)
	}
	c.buffers = nil
}

// NetConn is the connection below, as of *tls.Conn.
func (c *forgetfulConn) NetConn() net.Conn { return c.Conn }

// forgetConn zeroes what the layers of a conn that nobody uses any more have kept: buffers, and the address that the standard library
// keeps.
func forgetConn(conn net.Conn) {
	for c := range layers(conn) {
		if f, ok := c.(*forgetfulConn); ok {
			f.forget()
		}
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok && a != nil {
		clear(a.IP)
		a.Port, a.Zone = 0, ""
	}
}

// release is for a conn that ends elsewhere: its buffers are left to the collector.
func release(conn net.Conn) {
	for c := range layers(conn) {
		if f, ok := c.(*forgetfulConn); ok {
			f.mu.Lock()
			f.buffers, f.released = nil, true
			f.mu.Unlock()
		}
	}
}
