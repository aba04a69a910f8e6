package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	wavHeaderBytes = 44
	// flushFrames is how much of a recording a crash may cost: a second.
	flushFrames = 50
	// maxWAVData is the most that the sizes in the header can say.
	maxWAVData = 0xffffffff - wavHeaderBytes
)

var errWAVFull = errors.New("audio: WAV file has reached its largest size")

// wavHeader is that of 48 kHz, mono, 16 bit. dataBytes wavUnknownSize: until the end of the file.
func wavHeader(dataBytes uint32) []byte {
	riffBytes := dataBytes
	if dataBytes != wavUnknownSize {
		riffBytes += wavHeaderBytes - 8
	}
	b := append(make([]byte, 0, wavHeaderBytes), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, riffBytes)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, wavFormatBytes)
	b = binary.LittleEndian.AppendUint16(b, wavTagPCM)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, SampleRate)
	b = binary.LittleEndian.AppendUint32(b, 2*SampleRate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, dataBytes)
}

// storage is where a recording is written: a file.
type storage interface {
	io.WriteSeeker
	io.Closer
}

// wavWriter owns its storage.
type wavWriter struct {
	file   storage
	buf    *bufio.Writer
	frames int
	data   uint32
	closed bool
}

func newWAVWriter(file storage) (*wavWriter, error) {
	w := &wavWriter{file: file, buf: bufio.NewWriter(file)}
	_, err := w.buf.Write(wavHeader(wavUnknownSize))
	if err == nil {
		err = w.buf.Flush()
	}
	if err != nil {
		return nil, fmt.Errorf("audio: write WAV file: %w", err)
	}
	return w, nil
}

func (w *wavWriter) WriteFrame(pcm []int16) error {
	if w.closed {
		return errClosed
	}
	if w.data > maxWAVData-2*uint32(len(pcm)) {
		return errWAVFull
	}
	var b [2]byte
	for _, v := range pcm {
		binary.LittleEndian.PutUint16(b[:], uint16(v))
		if _, err := w.buf.Write(b[:]); err != nil {
			return fmt.Errorf("audio: write WAV file: %w", err)
		}
	}
	w.data += 2 * uint32(len(pcm))
	if w.frames++; w.frames%flushFrames == 0 {
		if err := w.buf.Flush(); err != nil {
			return fmt.Errorf("audio: write WAV file: %w", err)
		}
	}
	return nil
}

// Close writes the sizes that were unknown until now.
func (w *wavWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.buf.Flush()
	if err == nil {
		_, err = w.file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = w.file.Write(wavHeader(w.data))
	}
	if err = errors.Join(err, w.file.Close()); err != nil {
		return fmt.Errorf("audio: close WAV file: %w", err)
	}
	return nil
}
