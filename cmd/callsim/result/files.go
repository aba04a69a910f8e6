package result

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The files of a run.
const (
	RunFile    = "run.json"
	CallsFile  = "calls.ndjson"
	EventsFile = "events.ndjson"
	SeriesFile = "series.csv"
)

// Write makes the files of a run in dir, which is made if it is not there.
func Write(dir string, r *Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("result: make the folder: %w", err)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{CallsFile, func(w io.Writer) error { return lines(w, r.Calls) }},
		{EventsFile, func(w io.Writer) error { return lines(w, r.Events) }},
		{SeriesFile, r.WriteSeries},
		{RunFile, r.WriteJSON}, // the last: who finds it finds the others
	} {
		if err := WriteFile(filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes one file, so that nobody ever finds half of it.
func WriteFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".callsim-*")
	if err != nil {
		return fmt.Errorf("result: write %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriter(f)
	err = errors.Join(write(w), w.Flush(), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("result: write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// WriteJSON writes run.json.
func (r *Run) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // "p95 < 1s" is for people too
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func lines[T any](w io.Writer, all []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range all {
		if err := e.Encode(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// maxLine bounds a line of calls.ndjson: a trace of an hour, twice.
const maxLine = 64 << 20

// ErrVersion: the file is of a version this program does not read.
var ErrVersion = errors.New("result: the file is not a run of this version of callsim")

// Read reads a run: its folder, or its run.json. The other files may be missing.
func Read(path string) (*Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("result: read a run: %w", err)
	}
	if info.IsDir() {
		path = filepath.Join(path, RunFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("result: read a run: %w", err)
	}
	var r Run
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("result: read a run: %w", err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("%w: it says %d, not %d", ErrVersion, r.Version, Version)
	}
	dir := filepath.Dir(path)
	if r.Calls, err = readLines[Call](filepath.Join(dir, CallsFile)); err != nil {
		return nil, err
	}
	if r.Events, err = readLines[Event](filepath.Join(dir, EventsFile)); err != nil {
		return nil, err
	}
	if r.Series, err = readSeries(filepath.Join(dir, SeriesFile)); err != nil {
		return nil, err
	}
	return &r, nil
}

func readLines[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("result: read %s: %w", filepath.Base(path), err)
	}
	defer f.Close()
	var all []T
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, maxLine)
	for scan.Scan() {
		if len(bytes.TrimSpace(scan.Bytes())) == 0 {
			continue
		}
		var one T
		if err := json.Unmarshal(scan.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("result: read line %d of %s: %w", len(all)+1, filepath.Base(path), err)
		}
		all = append(all, one)
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("result: read %s: %w", filepath.Base(path), err)
	}
	return all, nil
}
