package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

const (
	playHint   = "give a WAV or Ogg-Opus file, or mic, tone, silence"
	recordHint = "name a file ending in .wav or .opus in a directory you may write to"
)

// voice is the audio of one call with what must be closed afterwards.
type voice struct {
	source    audio.Source
	sink      audio.Sink
	recording *recording // nil without --record
	closers   []io.Closer
}

func (v *voice) audio() calls.Audio { return calls.Audio{Source: v.source, Sink: v.sink} }

// recorded says whether a recording has begun.
func (v *voice) recorded() bool { return v.recording != nil && v.recording.file != nil }

func (v *voice) Close() error {
	var errs []error
	for _, c := range v.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// openVoice opens files before the call and devices where no file is named. A machine without sound can still talk:
// it is said once on stderr.
func openVoice(play, record string, stderr io.Writer) (_ *voice, err error) {
	v := &voice{}
	defer func() {
		if err != nil {
			_ = v.Close()
		}
	}()
	switch play {
	case "":
		microphone, merr := audio.OpenMicrophone()
		if merr != nil {
			fmt.Fprintln(stderr, "taciturn: note: no microphone here, sending silence")
			v.source = audio.NewSilence()
			break
		}
		v.source, v.closers = microphone, append(v.closers, microphone)
	case "mic":
		microphone, err := audio.OpenMicrophone()
		if err != nil {
			return nil, command.Failed(err, "start PulseAudio or PipeWire, or use --play FILE")
		}
		v.source, v.closers = microphone, append(v.closers, microphone)
	case "silence":
		v.source = audio.NewSilence()
	case "tone":
		v.source = audio.NewTone(440)
	default:
		file, err := openPlay(play)
		if err != nil {
			return nil, err
		}
		v.source, v.closers = file, append(v.closers, file)
	}
	if record != "" {
		if err := checkRecord(record); err != nil {
			return nil, err
		}
		v.recording = &recording{path: record}
		v.sink, v.closers = v.recording, append(v.closers, v.recording)
		return v, nil
	}
	speaker, serr := audio.OpenSpeaker()
	if serr != nil {
		fmt.Fprintln(stderr, "taciturn: note: no speaker here, what is heard is thrown away; --record FILE keeps it")
		return v, nil
	}
	v.sink, v.closers = speaker, append(v.closers, speaker)
	return v, nil
}

// checkVoice finds what can be found before a call without touching a device.
func checkVoice(play, record string) error {
	switch play {
	case "", "mic", "tone", "silence":
	default:
		file, err := openPlay(play)
		if err != nil {
			return err
		}
		_ = file.Close()
	}
	if record == "" {
		return nil
	}
	return checkRecord(record)
}

func openPlay(path string) (audio.File, error) {
	file, err := audio.OpenFile(path)
	if err != nil {
		return nil, command.Failed(fmt.Errorf("--play: %w", command.Bare(err)), playHint)
	}
	return file, nil
}

// checkRecord makes sure that path could be written, and changes nothing: what was recorded before is lost only when
// there is something to put in its place.
func checkRecord(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".wav", ".opus", ".ogg":
	default:
		return command.Usagef(recordHint, "--record: the ending of the name says the format")
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		if f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			defer os.Remove(path)
		}
	}
	if err != nil {
		return command.Failed(fmt.Errorf("--record: %w", command.Bare(err)), recordHint)
	}
	return f.Close()
}

// numbered is the file for the next recording of one taciturn listen: out.wav, out-2.wav, …
func numbered(path string, recorded int) string {
	if path == "" || recorded == 0 {
		return path
	}
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "-" + strconv.Itoa(recorded+1) + ext
}

// recording is a file that is made, or replaced, when the first voice arrives.
type recording struct {
	path string

	// Owned by the call until it has ended.
	file audio.SinkFile
	err  error
}

// WriteFrame keeps its first error for Close: the call goes on without a recording.
func (r *recording) WriteFrame(pcm []int16) error {
	if r.err == nil && r.file == nil {
		r.file, r.err = audio.CreateFile(r.path)
	}
	if r.err == nil {
		r.err = r.file.WriteFrame(pcm)
	}
	return r.err
}

// Close ends the recording.
func (r *recording) Close() error {
	err := r.err
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	if err != nil {
		return command.Failed(fmt.Errorf("--record: %w", command.Bare(err)), "the recording is not complete; is the disk full?")
	}
	return nil
}
