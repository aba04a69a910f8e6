package result

import (
	"fmt"
	"strings"
)

// Verdict is the end of a run in a word.
type Verdict string

// The verdicts.
const (
	Pass        Verdict = "pass"
	Fail        Verdict = "fail"        // a threshold was missed
	Invalid     Verdict = "invalid"     // the simulator was the bottleneck: the figures say nothing about the system
	Unreachable Verdict = "unreachable" // there was nothing to measure
	Security    Verdict = "security"    // something was seen that must not be, or an attack was not refused
	Interrupted Verdict = "interrupted"
)

// Exit codes, one for each verdict; 2 is usage.
const (
	ExitPass        = 0
	ExitFail        = 1
	ExitInvalid     = 3
	ExitUnreachable = 4
	ExitSecurity    = 5
	ExitInterrupted = 130
)

// Exit is the exit code of a verdict.
func (v Verdict) Exit() int {
	switch v {
	case Pass:
		return ExitPass
	case Invalid:
		return ExitInvalid
	case Unreachable:
		return ExitUnreachable
	case Security:
		return ExitSecurity
	case Interrupted:
		return ExitInterrupted
	}
	return ExitFail // also of what nobody has judged
}

// secret are the metrics no slow machine excuses.
func secret(metric string) bool {
	return strings.HasPrefix(metric, "e2ee.") || strings.HasPrefix(metric, "privacy.")
}

// judge fills Thresholds, Verdict and Exit.
func (r *Run) judge(rules []Rule) {
	r.Thresholds = make([]Threshold, 0, len(rules))
	missed, leaked := false, false
	least := leastScore
	for _, rule := range rules {
		t := rule.check(r.Metrics)
		r.Thresholds = append(r.Thresholds, t)
		if rule.Metric == "validity.score" {
			if rule.Op == ">" || rule.Op == ">=" {
				least = max(least, rule.Limit)
			}
			continue // it decides about valid, not about pass
		}
		missed = missed || !t.OK
		leaked = leaked || !t.OK && t.Measured && secret(t.Metric)
	}
	if r.Generator.Invalid == "" {
		r.Generator.Invalid = r.Generator.why(least)
	}
	switch {
	case leaked:
		r.Verdict = Security
	case r.Interrupted:
		r.Verdict = Interrupted
	case r.Unreachable != "":
		r.Verdict = Unreachable
	case r.Generator.Invalid != "":
		r.Verdict = Invalid
	case missed:
		r.Verdict = Fail
	default:
		r.Verdict = Pass
	}
	r.Exit = r.Verdict.Exit()
}

// Because says in a sentence why the verdict is no pass; empty if it is.
func (r *Run) Because() string {
	switch r.Verdict {
	case Pass:
		return ""
	case Invalid:
		return "the measurement is invalid: " + r.Generator.Invalid
	case Unreachable:
		return "nothing could be measured: " + r.Unreachable
	case Interrupted:
		return "interrupted"
	}
	missed := 0
	for _, t := range r.Thresholds {
		if !t.OK {
			missed++
		}
	}
	if r.Verdict == Security {
		return "something was seen that must not be, or an attack was not refused"
	}
	return fmt.Sprintf("%d of %d thresholds were missed", missed, len(r.Thresholds))
}
