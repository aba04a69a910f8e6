package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

type suite struct {
	XMLName  xml.Name   `xml:"testsuite"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Time     string     `xml:"time,attr"`
	Cases    []testcase `xml:"testcase"`
}

type testcase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *failure `xml:"failure,omitempty"`
	Error   *failure `xml:"error,omitempty"`
}

type failure struct {
	Message string `xml:"message,attr"`
}

// JUnit writes a test case for each threshold, and one for the verdict: an invalid run is an error, not a failure.
func JUnit(w io.Writer, r *result.Run) error {
	s := suite{Name: "callsim." + r.Scenario, Time: fmt.Sprintf("%.3f", r.Duration.Duration().Seconds())}
	for _, t := range r.Thresholds {
		c := testcase{Class: "callsim." + r.Scenario, Name: t.Metric + " " + t.Rule}
		if !t.OK {
			s.Failures++
			c.Failure = &failure{"is " + value(t.Got, t.Unit)}
			if !t.Measured {
				c.Failure.Message = "was not measured"
			}
		}
		s.Cases = append(s.Cases, c)
	}
	c := testcase{Class: "callsim." + r.Scenario, Name: "verdict"}
	switch r.Verdict {
	case result.Pass:
	case result.Fail, result.Security:
		s.Failures++
		c.Failure = &failure{r.Because()}
	default:
		s.Errors++
		c.Error = &failure{r.Because()}
	}
	s.Cases = append(s.Cases, c)
	s.Tests = len(s.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// Markdown writes what fits into a comment on a change.
func Markdown(w io.Writer, r *result.Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### callsim %s: %s\n\n`%s` · seed %d · %s · validity %.3f\n\n", r.Scenario, strings.ToUpper(string(r.Verdict)), kind(r), r.Seed, coding(r.Audio), r.Generator.Score)
	b.WriteString("| threshold | wanted | got | |\n|---|---|---|---|\n")
	for _, t := range r.Thresholds {
		got, mark := value(t.Got, t.Unit), "✅"
		if !t.Measured {
			got = "not measured"
		}
		if !t.OK {
			mark = "❌"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", t.Metric, t.Rule, got, mark)
	}
	b.WriteString("\n| | p50 | p95 | p99 | max |\n|---|---|---|---|---|\n")
	for _, s := range shown {
		if m, ok := r.Metrics[s.metric]; ok {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s.label, value(m.P50, m.Unit), value(m.P95, m.Unit), value(m.P99, m.Unit), value(m.Max, m.Unit))
		}
	}
	if r.Reproduce != "" {
		fmt.Fprintf(&b, "\nAgain: `%s`\n", r.Reproduce)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
