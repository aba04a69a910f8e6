// Package result is what a run of callsim leaves behind: one model that every engine fills and every output reads.
//
//	engine ─ Call, Event, Second ─▶ Run ─ Finish(thresholds) ─▶ metrics, verdict, exit code ─▶ files, report, compare
//
// # Files of a run
//
//	run.json       [Run]: what was run, metrics with percentiles and HDR histograms, thresholds, verdict
//	calls.ndjson   one [Call] a line, by number
//	events.ndjson  one [Event] a line, by time
//	series.csv     one [Second] a row
//
// [Write] makes them and [Read] reads them. Equal runs give equal bytes: keys are in a fixed order, calls by number, events by
// time. All that two runs of one seed may differ in is under the key stamp of run.json: when, where, and how long the machine
// took. A run in virtual time is otherwise the same to the byte.
//
// # Time
//
// [Millis] counts from the beginning of the run on the engine's own clock. Phases of a call count from when it was scheduled,
// not from when the simulator got round to it: a late simulator must not make a server look fast (coordinated omission).
//
// # Metrics
//
// [Run.Finish] derives every figure from the calls, so no engine can report one that its calls do not show. Names are those of
// thresholds: see [Metrics]. A distribution holds percentiles, and the HDR histogram that they come from; three digits of a
// value are kept. A threshold on what was not measured is missed, not skipped.
//
// # Verdict
//
//	pass 0 · fail 1 · invalid 3 · unreachable 4 · security 5 · interrupted 130
//
// Security comes first: that a machine is slow excuses no leak. Then invalid: thresholds say nothing when the simulator was
// the bottleneck.
//
// # Privacy
//
// A result names calls by their number in the run, and people by their side of it. There is no field for an account, an
// address or a key.
package result
