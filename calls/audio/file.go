package audio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

var (
	errClosed  = errors.New("audio: closed")
	errUnknown = errors.New("audio: not a WAV file, nor Ogg-Opus")
	errEnding  = errors.New("audio: the name of a recording must end in .wav, .opus or .ogg")
)

// OpenFile opens a WAV or Ogg-Opus file, whatever its name.
func OpenFile(path string) (_ File, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil {
		return nil, unexpected(err, errUnknown)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("audio: read file: %w", err)
	}
	switch string(magic[:]) {
	case "RIFF":
		return readWAV(f, f)
	case "OggS":
		return readOgg(f, f)
	}
	return nil, errUnknown
}

// CreateFile makes a recording, or replaces one: .wav, or .opus and .ogg, which are Ogg-Opus. Only its owner may read it.
func CreateFile(path string) (SinkFile, error) {
	lower := strings.ToLower(path)
	wav := strings.HasSuffix(lower, ".wav")
	if !wav && !strings.HasSuffix(lower, ".opus") && !strings.HasSuffix(lower, ".ogg") {
		return nil, errEnding
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	var w SinkFile
	if wav {
		w, err = newWAVWriter(f)
	} else {
		w, err = newOggWriter(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return w, nil
}
