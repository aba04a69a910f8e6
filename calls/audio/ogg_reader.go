package audio

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/thesyncim/gopus"
	"github.com/thesyncim/gopus/container/ogg"
)

const (
	oggHeaderBytes = 27 // and one byte a segment
	// oggSegmentCount is where a page header has the number of its segments.
	oggSegmentCount = 26
	// oggContinues: a segment of this size is followed by more of its packet.
	oggContinues = 255
	// maxOggPacket bounds comments, which may hold pictures.
	maxOggPacket = 1 << 20
	// noGranule: no packet ends on the page (RFC 3533 section 6).
	noGranule = 1<<64 - 1
	// opusMaxSamples is the longest packet, 120 ms.
	opusMaxSamples = SampleRate * 120 / 1000
)

var (
	errNotOgg     = errors.New("audio: not an Ogg-Opus file")
	errOggDamaged = errors.New("audio: damaged Ogg file")
	errOggKind    = errors.New("audio: Ogg-Opus file of a kind that cannot be read; mono and stereo can")
)

// readOgg reads an Ogg-Opus file from r and closes c with it. Of several streams in the file it reads the first.
func readOgg(r io.Reader, c io.Closer) (File, error) {
	p := &oggPackets{r: bufio.NewReader(r)}
	first, err := p.next()
	if err != nil {
		return nil, unexpected(err, errNotOgg)
	}
	head, err := ogg.ParseOpusHead(first)
	if err != nil {
		return nil, errNotOgg
	}
	if head.MappingFamily != ogg.MappingFamilyRTP {
		return nil, errOggKind
	}
	tags, err := p.next()
	if err != nil {
		return nil, unexpected(err, errOggDamaged)
	}
	if _, err := ogg.ParseOpusTags(tags); err != nil {
		return nil, errOggDamaged
	}
	// A decoder of one channel mixes stereo by itself.
	d, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(SampleRate, 1))
	if err != nil {
		return nil, fmt.Errorf("audio: make decoder: %w", err)
	}
	if err := d.SetGain(int(head.OutputGain)); err != nil {
		return nil, errOggKind
	}
	return newFrames(&oggSamples{packets: p, opus: d, skip: int(head.PreSkip)}, c), nil
}

// oggPackets takes the pages of a stream apart (RFC 3533).
type oggPackets struct {
	r       *bufio.Reader
	serial  uint32
	begun   bool
	page    ogg.Page
	segment int // the next of page
	payload int // its place in page.Payload
	// ended: the page is the last of its stream.
	ended bool
}

// next returns a packet, valid until the next call, and io.EOF after the last. A file that breaks off ends there.
func (p *oggPackets) next() ([]byte, error) {
	var packet []byte
	for {
		for p.segment >= len(p.page.Segments) {
			if p.ended {
				return nil, io.EOF
			}
			if err := p.readPage(); err != nil {
				return nil, err
			}
			if packet != nil != p.page.IsContinuation() {
				return nil, errOggDamaged
			}
		}
		size := int(p.page.Segments[p.segment])
		packet = append(packet, p.page.Payload[p.payload:p.payload+size]...)
		p.segment, p.payload = p.segment+1, p.payload+size
		if len(packet) > maxOggPacket {
			return nil, errOggDamaged
		}
		if size < oggContinues {
			return packet, nil
		}
	}
}

// readPage goes to the next page of the first stream.
func (p *oggPackets) readPage() error {
	for {
		head, err := p.r.Peek(oggHeaderBytes)
		if err != nil {
			return err
		}
		if string(head[:4]) != "OggS" {
			return errOggDamaged
		}
		size := oggHeaderBytes + int(head[oggSegmentCount])
		if head, err = p.r.Peek(size); err != nil {
			return err
		}
		for _, n := range head[oggHeaderBytes:] {
			size += int(n)
		}
		raw := make([]byte, size)
		if _, err := io.ReadFull(p.r, raw); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return io.EOF
			}
			return err
		}
		page, _, err := ogg.ParsePage(raw)
		if err != nil {
			return errOggDamaged
		}
		if !p.begun {
			if !page.IsBOS() {
				return errOggDamaged
			}
			p.serial, p.begun = page.SerialNumber, true
		}
		if page.SerialNumber != p.serial {
			continue
		}
		p.page, p.segment, p.payload, p.ended = *page, 0, 0, page.IsEOS()
		return nil
	}
}

// oggSamples decodes the packets of a stream and cuts off what the encoder added in front and at the end (RFC 7845
// section 4).
type oggSamples struct {
	packets *oggPackets
	opus    *gopus.Decoder
	skip    int    // samples still to be dropped in front
	decoded uint64 // samples, with those dropped
	pcm     [opusMaxSamples]float32
	ready   []float32 // the rest of pcm
}

func (s *oggSamples) read(dst []float32) (int, error) {
	for len(s.ready) == 0 {
		packet, err := s.packets.next()
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case errors.Is(err, errOggDamaged):
			return 0, err
		case err != nil:
			return 0, fmt.Errorf("audio: read Ogg file: %w", err)
		}
		if err := s.decode(packet); err != nil {
			return 0, err
		}
	}
	n := copy(dst, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

func (s *oggSamples) decode(packet []byte) (err error) {
	defer func() {
		if recover() != nil { // as in opusDecoder.guard: files come from others, too
			err = errOggDamaged
		}
	}()
	if len(packet) == 0 || len(packet) > 48*maxPacketBytes {
		return errOggDamaged
	}
	n, err := s.opus.Decode(packet, s.pcm[:])
	if err != nil {
		return errOggDamaged
	}
	s.decoded += uint64(n)
	if end := s.packets.page.GranulePos; s.packets.ended && end != noGranule && end < s.decoded {
		n -= int(min(s.decoded-end, uint64(n)))
	}
	drop := min(s.skip, n)
	s.skip -= drop
	s.ready = s.pcm[drop:n]
	return nil
}
