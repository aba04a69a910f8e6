package audio

import (
	"errors"
	"fmt"

	"github.com/thesyncim/gopus"
)

const (
	defaultComplexity = 7
	// expectedLossPercent is what the encoder prepares for. It decides how many bits go into the copy of the last frame
	// that each packet carries, and is a constant: a figure that followed the network would change what is heard. At 32
	// kbit/s the encoder, and libopus likewise, spares the copy altogether when it expects 5 % or less; with 10 % lost calls
	// sound best for having expected 10.
	expectedLossPercent = 10

	minBitrate = 6000
	maxBitrate = 64000
	// maxPacketBytes is the largest Opus frame (RFC 6716 section 3.2.1).
	maxPacketBytes = 1275
)

// Encoder makes one packet of each frame, all of the same size.
type Encoder interface {
	// Encode writes the packet of pcm to out and returns its size.
	Encode(pcm []int16, out []byte) (int, error)
}

// Decoder is called once for each frame of a conversation, in order: for what has arrived, Decode; for what has not,
// DecodeFEC or Conceal. pcm is FrameSamples long. After an error pcm is silence.
type Decoder interface {
	Decode(packet []byte, pcm []int16) error
	// DecodeFEC makes a lost frame from the copy that the next packet carries. ErrNoFEC: it carries none.
	DecodeFEC(next []byte, pcm []int16) error
	// Conceal makes up a frame from what came before.
	Conceal(pcm []int16) error
}

// ErrNoFEC: a packet carries no copy of the frame before.
var ErrNoFEC = errors.New("audio: packet without forward error correction")

var (
	errFrameSize = errors.New("audio: not a frame of 960 samples")
	errPacket    = errors.New("audio: not an Opus packet of 20 ms")
)

// EncoderConfig is what an encoder is made of.
type EncoderConfig struct {
	Bitrate    int // bits per second, 6000 to 64000; default 32000
	Complexity int // 1 to 10; default 7, negative: the least
}

// NewEncoder makes an Opus encoder with hard constant bitrate. It is not safe for concurrent use.
func NewEncoder(cfg EncoderConfig) (Encoder, error) {
	if cfg.Bitrate == 0 {
		cfg.Bitrate = DefaultBitrate
	}
	if cfg.Complexity == 0 {
		cfg.Complexity = defaultComplexity
	}
	if cfg.Bitrate < minBitrate || cfg.Bitrate > maxBitrate || cfg.Complexity > 10 {
		return nil, errors.New("audio: bitrate or complexity out of range")
	}
	e, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: SampleRate, Channels: 1, Application: gopus.ApplicationVoIP})
	if err != nil {
		return nil, fmt.Errorf("audio: make encoder: %w", err)
	}
	e.SetVBR(false)
	e.SetDTX(false)
	if err := errors.Join(
		e.SetBitrate(cfg.Bitrate),
		e.SetComplexity(max(cfg.Complexity, 0)),
		e.SetInBandFEC(gopus.InBandFECEnabled),
		e.SetPacketLoss(expectedLossPercent),
		e.SetSignal(gopus.SignalVoice),
	); err != nil {
		return nil, fmt.Errorf("audio: set up encoder: %w", err)
	}
	return &opusEncoder{e, cfg.Bitrate / 8 / 50}, nil
}

type opusEncoder struct {
	opus *gopus.Encoder
	size int
}

// Encode checks the size: a packet that tells by its size what is in it must not exist.
func (e *opusEncoder) Encode(pcm []int16, out []byte) (int, error) {
	if len(pcm) != FrameSamples {
		return 0, errFrameSize
	}
	n, err := e.opus.EncodeInt16(pcm, out)
	if err != nil {
		return 0, fmt.Errorf("audio: encode: %w", err)
	}
	if n != e.size {
		return 0, errors.New("audio: encoder does not keep the bitrate")
	}
	return n, nil
}

// NewDecoder makes an Opus decoder. It is not safe for concurrent use.
func NewDecoder() (Decoder, error) {
	d := &opusDecoder{scratch: make([]float32, FrameSamples)}
	return d, d.reset()
}

type opusDecoder struct {
	opus    *gopus.Decoder
	scratch []float32
}

func (d *opusDecoder) reset() (err error) {
	if d.opus, err = gopus.NewDecoder(gopus.DefaultDecoderConfig(SampleRate, 1)); err != nil {
		return fmt.Errorf("audio: make decoder: %w", err)
	}
	return nil
}

// hasFEC says whether a packet carries a copy of the frame before.
func hasFEC(packet []byte) bool { return gopus.PacketHasLBRR(packet) }

// checkPacket lets nothing through but 20 ms.
func checkPacket(packet []byte) error {
	info, err := gopus.ParsePacket(packet)
	if err != nil || info.TOC.FrameSize*info.FrameCount != FrameSamples {
		return errPacket
	}
	return nil
}

func (d *opusDecoder) Decode(packet []byte, pcm []int16) error {
	if err := checkPacket(packet); err != nil {
		clear(pcm)
		return err
	}
	return d.guard(pcm, func() (int, error) { return d.opus.DecodeInt16(packet, pcm) })
}

func (d *opusDecoder) DecodeFEC(next []byte, pcm []int16) error {
	if err := checkPacket(next); err != nil {
		clear(pcm)
		return err
	}
	if !hasFEC(next) {
		clear(pcm)
		return ErrNoFEC
	}
	return d.guard(pcm, func() (int, error) {
		n, err := d.opus.DecodeWithFEC(next, d.scratch, true)
		for i, v := range d.scratch[:n] {
			pcm[i] = toInt16(v)
		}
		return n, err
	})
}

func (d *opusDecoder) Conceal(pcm []int16) error {
	return d.guard(pcm, func() (int, error) { return d.opus.DecodeInt16(nil, pcm) })
}

// guard runs the decoder. What it decodes was written by the other side: a packet that makes it panic must cost a frame
// and not the program, which is why this is the one place that recovers. The decoder starts afresh then.
func (d *opusDecoder) guard(pcm []int16, decode func() (int, error)) (err error) {
	if len(pcm) != FrameSamples {
		clear(pcm)
		return errFrameSize
	}
	defer func() {
		if recover() != nil {
			err = errors.Join(errPacket, d.reset())
		}
		if err != nil {
			clear(pcm)
		}
	}()
	n, err := decode()
	if err != nil {
		return fmt.Errorf("audio: decode: %w", err)
	}
	if n != FrameSamples {
		return errPacket
	}
	return nil
}
