package audio

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/thesyncim/gopus/container/ogg"
)

// oggPreSkip is how far the encoder looks ahead: 6.5 ms of nothing in front of each recording.
const oggPreSkip = 312

// oggWriter owns its storage. Each frame is a page, complete when it is written: 28 bytes more a frame buy that a crash
// costs no more than the last second.
type oggWriter struct {
	file    storage
	buf     *bufio.Writer
	encoder Encoder
	packet  [maxPacketBytes]byte
	page    ogg.Page
	frames  uint64
	closed  bool
}

func newOggWriter(file storage) (*oggWriter, error) {
	encoder, err := NewEncoder(EncoderConfig{})
	if err != nil {
		return nil, err
	}
	w := &oggWriter{file: file, buf: bufio.NewWriter(file), encoder: encoder}
	var serial [4]byte
	if _, err := rand.Read(serial[:]); err != nil {
		return nil, fmt.Errorf("audio: draw serial number: %w", err)
	}
	w.page.SerialNumber = binary.LittleEndian.Uint32(serial[:])
	head := ogg.DefaultOpusHead(SampleRate, 1)
	head.PreSkip = oggPreSkip
	tags := &ogg.OpusTags{Vendor: "taciturn"}
	if err := errors.Join(w.write(head.Encode(), ogg.PageFlagBOS), w.write(tags.Encode(), 0), w.buf.Flush()); err != nil {
		return nil, fmt.Errorf("audio: write Ogg file: %w", err)
	}
	return w, nil
}

// write makes a page of one packet.
func (w *oggWriter) write(packet []byte, flags byte) error {
	w.page.HeaderType, w.page.Segments, w.page.Payload = flags, ogg.BuildSegmentTable(len(packet)), packet
	_, err := w.buf.Write(w.page.Encode())
	w.page.PageSequence++
	return err
}

func (w *oggWriter) WriteFrame(pcm []int16) error {
	if w.closed {
		return errClosed
	}
	n, err := w.encoder.Encode(pcm, w.packet[:])
	if err != nil {
		return err
	}
	w.frames++
	w.page.GranulePos = w.frames * FrameSamples
	if err = w.write(w.packet[:n], 0); err == nil && w.frames%flushFrames == 0 {
		err = w.buf.Flush()
	}
	if err != nil {
		return fmt.Errorf("audio: write Ogg file: %w", err)
	}
	return nil
}

// Close writes what is still in the encoder, and says where the sound ends.
func (w *oggWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	n, err := w.encoder.Encode(make([]int16, FrameSamples), w.packet[:])
	if err == nil {
		w.page.GranulePos = w.frames*FrameSamples + oggPreSkip
		err = w.write(w.packet[:n], ogg.PageFlagEOS)
	}
	if err == nil {
		err = w.buf.Flush()
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return fmt.Errorf("audio: close Ogg file: %w", err)
	}
	return nil
}
