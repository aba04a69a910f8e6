package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// Verdict is what became of a probe.
type Verdict string

// Verdicts; see the package doc.
const (
	Pass    Verdict = "pass"
	Differs Verdict = "differs"
	Fail    Verdict = "fail"
	Skipped Verdict = "skipped"
)

// Result is one probe's.
type Result struct {
	Name    string  `json:"name"`
	Source  string  `json:"source"` // section or attack
	Want    string  `json:"want"`
	Got     string  `json:"got"`
	Verdict Verdict `json:"verdict"`
}

// Cost is what one kind of packet brings back.
type Cost struct {
	Packet   string `json:"packet"`
	Sent     int    `json:"sent"`
	Answers  int    `json:"answers"`
	BytesIn  int    `json:"bytes_in"`  // to the server
	BytesOut int    `json:"bytes_out"` // from it

	// Ratio is BytesOut for each of BytesIn.
	Ratio float64 `json:"ratio"`

	// CPUMicros of the server for each packet, or nil.
	CPUMicros *float64 `json:"cpu_micros,omitempty"`
}

// Report is what a run found.
type Report struct {
	Version   int       `json:"version"`
	Transport Transport `json:"transport"`
	Realm     string    `json:"realm"`
	Results   []Result  `json:"results"`
	Costs     []Cost    `json:"costs"`
	Packets   int       `json:"packets"`
	Seconds   float64   `json:"seconds"`
}

// Count says how many probes had a verdict.
func (r *Report) Count(v Verdict) (n int) {
	for _, result := range r.Results {
		if result.Verdict == v {
			n++
		}
	}
	return n
}

// WriteJSON writes all of it.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText writes it for people.
func (r *Report) WriteText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VERDICT\tPROBE\tWANT\tGOT\tSOURCE")
	for _, p := range r.Results {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Verdict, p.Name, p.Want, p.Got, p.Source)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.Costs) > 0 { // a table of its own, with columns of its own
		fmt.Fprintln(w)
		fmt.Fprintln(w, "COST OF\tSENT\tANSWERS\tBYTES OUT PER IN\tCPU µs PER PACKET")
		for _, c := range r.Costs {
			cpu := "unknown"
			if c.CPUMicros != nil {
				cpu = fmt.Sprintf("%.1f", *c.CPUMicros)
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%.2f\t%s\n", c.Packet, c.Sent, c.Answers, c.Ratio, cpu)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d pass, %d differ, %d fail, %d skipped; %d packets in %.1f s\n",
		r.Count(Pass), r.Count(Differs), r.Count(Fail), r.Count(Skipped), r.Packets, r.Seconds)
	return err
}
