package turn

import (
	"net"
	"net/netip"
	"testing"
)

func TestTheSocketPathAllocatesNothing(t *testing.T) {
	conns, err := ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Skip("no socket")
	}
	defer conns[0].Close()
	tr := newTransport(conns[0])
	self := conns[0].LocalAddr().(*net.UDPAddr).AddrPort()
	out := make([]datagram, batchPackets)
	in := make([]datagram, batchPackets)
	payload, buf := []byte("hello"), make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		for i := range out {
			out[i] = datagram{b: payload, addr: self}
		}
		tr.write(out)
		for got := 0; got < len(out); {
			for i := range in {
				in[i].b = buf
			}
			n, err := tr.read(in)
			if err != nil || in[0].addr != self || string(in[0].b) != "hello" {
				t.Fatal("lost", err)
			}
			got += n
		}
		tr.wipe()
	}); n != 0 {
		t.Errorf("%v heap objects for %d datagrams", n, batchPackets)
	}
}

func TestOneBadDestinationDoesNotSpoilABatch(t *testing.T) {
	conns, err := ListenUDP("127.0.0.1:0", 1)
	if err != nil {
		t.Skip("no socket")
	}
	defer conns[0].Close()
	self := conns[0].LocalAddr().(*net.UDPAddr).AddrPort()
	bad := netip.MustParseAddrPort("127.0.0.1:0") // EINVAL
	out := []datagram{{b: []byte("1"), addr: self}, {b: []byte("2"), addr: bad}, {b: []byte("3"), addr: self}}
	tr := newTransport(conns[0])
	tr.write(out)
	if out[0].failed || !out[1].failed || out[2].failed {
		t.Errorf("failed: %v %v %v", out[0].failed, out[1].failed, out[2].failed)
	}
}
