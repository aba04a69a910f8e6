package media

import (
	"encoding/binary"
	"io"
	"sync"

	"github.com/pion/transport/v5/packetio"
)

// inboxFrames bounds the frames waiting for ReadFrame: 1.28 s of voice. When
// it is full the oldest goes, fresh voice is worth more.
const inboxFrames = 64

// rtpHeaderBytes is the fixed header of RFC 3550 section 5.1, all we accept.
const rtpHeaderBytes = 12

// inbox receives decrypted, authenticated packets from the SRTP session's read
// loop and holds their frames for ReadFrame. It is pion's packet buffer for
// every stream (SettingEngine.BufferFactory), which makes an SSRC that no SDP
// declared as good as any: the first one is the peer's voice, later ones are
// dropped.
type inbox struct {
	mu     sync.Mutex
	ready  sync.Cond // a frame is there, or closed
	closed bool

	ssrc    uint32
	hasSSRC bool

	ring  [inboxFrames]inFrame
	first int // index of the oldest
	count int

	received, overrun, foreign, rtcp uint64
}

type inFrame struct {
	seq  uint16
	size int
	data [MaxFrameBytes]byte
}

func newInbox() *inbox {
	b := &inbox{}
	b.ready.L = &b.mu

	return b
}

// buffer is pion's hook: called once for each new stream, with its SSRC.
func (b *inbox) buffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if kind == packetio.RTCPBufferPacket {
		return stream{put: b.putRTCP}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hasSSRC && b.ssrc != ssrc {
		return stream{put: b.putForeign}
	}
	b.ssrc, b.hasSSRC = ssrc, true

	return stream{put: b.put}
}

// stream is one SSRC as pion sees it. Reading ends at once: packets leave
// through ReadFrame only.
type stream struct{ put func([]byte) }

func (stream) Read([]byte) (int, error) { return 0, io.EOF }
func (stream) Close() error             { return nil }
func (s stream) Write(p []byte) (int, error) {
	s.put(p)

	return len(p), nil
}

func (b *inbox) putRTCP([]byte)    { b.mu.Lock(); b.rtcp++; b.mu.Unlock() }
func (b *inbox) putForeign([]byte) { b.mu.Lock(); b.foreign++; b.mu.Unlock() }

// put keeps the frame of a packet that a phone of ours could have sent.
func (b *inbox) put(p []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// First byte: version 2, no padding, no extension, no CSRC.
	if len(p) <= rtpHeaderBytes || len(p) > rtpHeaderBytes+MaxFrameBytes || p[0] != 0x80 || p[1]&0x7f != payloadType {
		b.foreign++

		return
	}
	if b.closed {
		return
	}
	if b.count == inboxFrames {
		b.first = (b.first + 1) % inboxFrames
		b.count--
		b.overrun++
	}
	f := &b.ring[(b.first+b.count)%inboxFrames]
	f.seq = binary.BigEndian.Uint16(p[2:])
	f.size = copy(f.data[:], p[rtpHeaderBytes:])
	b.count++
	b.received++
	b.ready.Signal()
}

// read blocks for the next frame. If buf is too small the frame is lost and
// io.ErrShortBuffer returned.
func (b *inbox) read(buf []byte) (int, uint16, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.count == 0 && !b.closed {
		b.ready.Wait()
	}
	if b.closed {
		return 0, 0, ErrClosed
	}
	f := &b.ring[b.first]
	b.first = (b.first + 1) % inboxFrames
	b.count--
	if f.size > len(buf) {
		return 0, f.seq, io.ErrShortBuffer
	}

	return copy(buf, f.data[:f.size]), f.seq, nil
}

// close wakes every reader; frames not yet read are forgotten.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	clear(b.ring[:])
	b.mu.Unlock()
	b.ready.Broadcast()
}
