package media

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// MaxFrameBytes is the largest frame that one packet carries: 1,200 bytes of
// IPv6 payload less SRTP, TURN and slack. A voice frame is about a tenth.
const MaxFrameBytes = 1000

// track is the outgoing voice: it numbers frames and hands them to SRTP.
type track struct {
	mu     sync.Mutex
	out    webrtc.TrackLocalWriter // nil until bound, and after unbinding
	header rtp.Header
}

// newTrack draws the call's SSRC and starting sequence number and timestamp.
func newTrack() *track {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead

	return &track{header: rtp.Header{
		Version:        2,
		PayloadType:    payloadType,
		SequenceNumber: binary.BigEndian.Uint16(b[0:]),
		Timestamp:      binary.BigEndian.Uint32(b[2:]),
		SSRC:           binary.BigEndian.Uint32(b[6:]) | 1, // 0 means "no stream" to some stacks
	}}
}

// write sends one frame as one packet.
func (t *track) write(frame []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil {
		return net.ErrClosed
	}
	h := t.header
	t.header.SequenceNumber++
	t.header.Timestamp += frameTicks
	_, err := t.out.WriteRTP(&h, frame)
	if errors.Is(err, io.ErrClosedPipe) {
		return net.ErrClosed
	}

	return err
}

// The rest makes track a webrtc.TrackLocal.

func (t *track) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, c := range ctx.CodecParameters() {
		if c.PayloadType == payloadType {
			t.mu.Lock()
			t.out = ctx.WriteStream()
			t.mu.Unlock()

			return c, nil
		}
	}

	return webrtc.RTPCodecParameters{}, ErrInternal
}

func (t *track) Unbind(webrtc.TrackLocalContext) error {
	t.mu.Lock()
	t.out = nil
	t.mu.Unlock()

	return nil
}
func (*track) ID() string                { return "voice" }
func (*track) RID() string               { return "" }
func (*track) StreamID() string          { return "call" }
func (*track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
