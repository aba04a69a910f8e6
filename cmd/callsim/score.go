package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/taciturn-voice/taciturn/calls/audio"
	"github.com/taciturn-voice/taciturn/calls/quality"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

// runScore compares two recordings.
func runScore(reference, heard string, least float64, asJSON bool, stdout io.Writer) error {
	ref, err := samples("the reference", reference)
	if err != nil {
		return err
	}
	deg, err := samples("what was heard", heard)
	if err != nil {
		return err
	}
	stoi, lag, err := quality.CompareSpeech(ref, deg, audio.SampleRate)
	if err != nil {
		return command.Failed(fmt.Errorf("compare: %w", err), "both files need at least two seconds of speech")
	}
	if asJSON {
		err = json.NewEncoder(stdout).Encode(map[string]any{"stoi": stoi, "lag_ms": 1000 * float64(lag) / audio.SampleRate})
	} else {
		_, err = fmt.Fprintf(stdout, "stoi %.4f (lag %.0f ms)\n", stoi, 1000*float64(lag)/audio.SampleRate)
	}
	if err == nil && stoi < least {
		err = &command.Error{Err: fmt.Errorf("stoi %.4f is below %.4f", stoi, least), Hint: "listen to both; --min sets another limit", Code: exitThreshold}
	}
	return err
}

// samples reads a whole file as numbers between -1 and 1.
func samples(what, path string) ([]float64, error) {
	f, err := audio.OpenFile(path)
	if err != nil {
		return nil, command.Failed(fmt.Errorf("%s: %w", what, command.Bare(err)), "give a WAV or Ogg-Opus file")
	}
	defer f.Close()
	all, err := readAll(f)
	if err != nil {
		return nil, command.Failed(fmt.Errorf("%s: %w", what, command.Bare(err)), "the file is damaged; record it again")
	}
	return all, nil
}

func readAll(source audio.Source) ([]float64, error) {
	var all []float64
	pcm := make([]int16, audio.FrameSamples)
	for {
		err := source.ReadFrame(pcm)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = appendSamples(all, pcm)
	}
}

func appendSamples(dst []float64, pcm []int16) []float64 {
	for _, s := range pcm {
		dst = append(dst, float64(s)/32768)
	}
	return dst
}
