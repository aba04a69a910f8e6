package result

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// column is one of series.csv: a count or a measure.
type column struct {
	name    string
	count   func(*Second) *int
	measure func(*Second) *float64
}

var columns = []column{
	{name: "at_s", count: func(s *Second) *int { return &s.At }},
	{name: "scheduled", count: func(s *Second) *int { return &s.Scheduled }},
	{name: "started", count: func(s *Second) *int { return &s.Started }},
	{name: "answered", count: func(s *Second) *int { return &s.Answered }},
	{name: "failed", count: func(s *Second) *int { return &s.Failed }},
	{name: "ended", count: func(s *Second) *int { return &s.Ended }},
	{name: "active", count: func(s *Second) *int { return &s.Active }},
	{name: "due", count: func(s *Second) *int { return &s.Due }},
	{name: "lost", count: func(s *Second) *int { return &s.Lost }},
	{name: "concealed", count: func(s *Second) *int { return &s.Concealed }},
	{name: "r", measure: func(s *Second) *float64 { return &s.R }},
	{name: "server_cpu", measure: func(s *Second) *float64 { return &s.ServerCPU }},
	{name: "relay_pps", measure: func(s *Second) *float64 { return &s.RelayPPS }},
	{name: "relay_mbit", measure: func(s *Second) *float64 { return &s.RelayMbit }},
	{name: "generator_cpu", measure: func(s *Second) *float64 { return &s.GenCPU }},
	{name: "pacer_p99_ms", measure: func(s *Second) *float64 { return &s.PacerMs }},
}

// WriteSeries writes series.csv: a row of names, and one for each second.
func (r *Run) WriteSeries(w io.Writer) error {
	c := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, col := range columns {
		row[i] = col.name
	}
	if err := c.Write(row); err != nil {
		return err
	}
	for k := range r.Series {
		for i, col := range columns {
			if col.count != nil {
				row[i] = strconv.Itoa(*col.count(&r.Series[k]))
			} else {
				row[i] = strconv.FormatFloat(tidy(*col.measure(&r.Series[k])), 'f', -1, 64)
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func readSeries(path string) ([]Second, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("result: read %s: %w", SeriesFile, err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("result: read %s: it is no table", SeriesFile)
	}
	var series []Second
	for n, row := range rows[1:] {
		var s Second
		for i, name := range rows[0] {
			if err := s.set(name, row[i]); err != nil {
				return nil, fmt.Errorf("result: read line %d of %s: %w", n+2, SeriesFile, err)
			}
		}
		series = append(series, s)
	}
	return series, nil
}

// set reads one cell; columns nobody knows are for later versions.
func (s *Second) set(name, text string) (err error) {
	for _, col := range columns {
		switch {
		case col.name != name:
		case col.count != nil:
			*col.count(s), err = strconv.Atoi(text)
		default:
			*col.measure(s), err = strconv.ParseFloat(text, 64)
		}
	}
	if err != nil {
		return fmt.Errorf("%s is no number", name)
	}
	return nil
}
