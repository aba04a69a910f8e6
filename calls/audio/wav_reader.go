package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A WAV file is RIFF: "RIFF" ‖ u32 size ‖ "WAVE" ‖ chunk …, little-endian; a chunk is an id of four letters ‖ u32 size ‖
// data ‖ a zero if the size is odd. We need "fmt ":
//
//	tag u16 ‖ channels u16 ‖ rate u32 ‖ bytes per second u32 ‖ block bytes u16 ‖ bits u16
//	with tag 0xfffe: ‖ size u16 ‖ valid bits u16 ‖ speakers u32 ‖ tag u16 ‖ the rest of a GUID [14]
//
// and "data" behind it. All other chunks are skipped.
const (
	wavTagPCM        = 1
	wavTagFloat      = 3
	wavTagExtensible = 0xfffe
	// wavUnknownSize is what a program writes that does not know yet how long a recording will be.
	wavUnknownSize = 0xffffffff

	wavFormatBytes     = 16
	wavExtensibleBytes = 40
	// maxWAVChunks bounds the search for the data.
	maxWAVChunks   = 1000
	maxWAVChannels = 32
	minWAVRate     = 1000
	maxWAVRate     = 384000
)

var (
	errNotWAV    = errors.New("audio: not a WAV file")
	errWAVFormat = errors.New("audio: WAV file of a kind that cannot be read; PCM and float can, of 1 to 32 channels and 1 to 384 kHz")
	errWAVData   = errors.New("audio: WAV file without sound in it")
)

// ReadWAV reads a WAV file from r, which the caller closes. A file that ends early ends early.
func ReadWAV(r io.ReadSeeker) (File, error) { return readWAV(r, nil) }

// readWAV closes c with the file.
func readWAV(r io.ReadSeeker, c io.Closer) (File, error) {
	var riff [12]byte
	if _, err := io.ReadFull(r, riff[:]); err != nil {
		return nil, unexpected(err, errNotWAV)
	}
	if string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return nil, errNotWAV
	}
	var format *wavFormat
	for range maxWAVChunks {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, unexpected(err, errWAVData)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		skip := size + size%2
		switch string(chunk[:4]) {
		case "fmt ":
			if size < wavFormatBytes || format != nil {
				return nil, errWAVFormat
			}
			b := make([]byte, min(size, wavExtensibleBytes))
			if _, err := io.ReadFull(r, b); err != nil {
				return nil, unexpected(err, errWAVFormat)
			}
			var err error
			if format, err = parseWAVFormat(b); err != nil {
				return nil, err
			}
			skip -= int64(len(b))
		case "data":
			if format == nil {
				return nil, errWAVFormat
			}
			left := size
			if size == wavUnknownSize {
				left = math.MaxInt64
			}
			pcm := &wavSamples{r: bufio.NewReader(io.LimitReader(r, left)), format: *format, block: make([]byte, format.blockBytes())}
			return newFrames(resampled(pcm, format.rate), c), nil
		}
		if _, err := r.Seek(skip, io.SeekCurrent); err != nil {
			return nil, fmt.Errorf("audio: skip in WAV file: %w", err)
		}
	}
	return nil, errWAVData
}

// unexpected is what when a file ended too early, and err when it could not be read.
func unexpected(err, what error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return what
	}
	return fmt.Errorf("audio: read file: %w", err)
}

type wavFormat struct {
	channels, rate, bytes int // bytes of one sample of one channel
	float                 bool
}

func (f *wavFormat) blockBytes() int { return f.channels * f.bytes }

func parseWAVFormat(b []byte) (*wavFormat, error) {
	tag := binary.LittleEndian.Uint16(b)
	f := &wavFormat{
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
	}
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	f.bytes = bits / 8
	if tag == wavTagExtensible {
		if len(b) < wavExtensibleBytes {
			return nil, errWAVFormat
		}
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	f.float = tag == wavTagFloat
	known := tag == wavTagPCM && f.bytes >= 1 && f.bytes <= 4 || tag == wavTagFloat && (f.bytes == 4 || f.bytes == 8)
	if !known || bits%8 != 0 || int(binary.LittleEndian.Uint16(b[12:])) != f.blockBytes() ||
		f.channels < 1 || f.channels > maxWAVChannels || f.rate < minWAVRate || f.rate > maxWAVRate {
		return nil, errWAVFormat
	}
	return f, nil
}

// wavSamples mixes the channels of a WAV file.
type wavSamples struct {
	r      *bufio.Reader
	format wavFormat
	block  []byte
}

func (w *wavSamples) read(dst []float32) (int, error) {
	for i := range dst {
		if _, err := io.ReadFull(w.r, w.block); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return 0, fmt.Errorf("audio: read WAV file: %w", err)
			}
			if i == 0 {
				return 0, io.EOF
			}
			return i, nil
		}
		var sum float64
		for c := range w.format.channels {
			sum += w.format.sample(w.block[c*w.format.bytes:])
		}
		dst[i] = float32(sum / float64(w.format.channels))
	}
	return len(dst), nil
}

// sample is between -1 and 1, but for floats, which may say anything.
func (f *wavFormat) sample(b []byte) float64 {
	var v float64
	switch {
	case f.float && f.bytes == 4:
		v = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case f.float:
		v = math.Float64frombits(binary.LittleEndian.Uint64(b))
	case f.bytes == 1:
		return (float64(b[0]) - 128) / (1 << 7) // the only unsigned one
	case f.bytes == 2:
		return float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
	case f.bytes == 3:
		return float64(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31)
	default:
		return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
	}
	if math.IsNaN(v) {
		return 0
	}
	return max(-1, min(1, v))
}
