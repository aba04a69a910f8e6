// Package scenario reads what callsim is to do: a YAML file, checked and resolved into values, and the plan of calls that
// follows from it and its seed. Both engines carry out the same plan.
//
//	version: 1
//	name: evening-peak
//	seed: 42
//	engine: virtual                  # virtual | real
//	endpoint: full                   # full | light (real engine only)
//	target: {signaling: embedded, relays: 1}      # or a URL, with the real engine
//	load:
//	  model: open                    # open: arrivals do not wait for the server; closed: so many users, one call each at a time
//	  arrivals: {poisson: {rate: 2/s}}            # constant | poisson | mmpp | trace
//	  stages: [{ramp_to: 2/s, over: 60s}, {hold: 10m}, {spike: 10/s, for: 15s}, {drain: 60s}]
//	  calls: 1000                    # no more than these
//	  max_concurrent: 600            # what is beyond is not placed, and counted
//	calls:                           # a weighted mix
//	  - {name: normal, weight: 80, duration: {lognormal: {median: 110s, sigma: 1}}, ring: {exp: 6s}}
//	  - {name: no-answer, weight: 12, outcome: no_answer}
//	  - {name: mobile, weight: 8, duration: 180s, events: [{at: 40s, do: switch_network, to: lte}, {at: 90s, do: mute, for: 10s}]}
//	audio: {source: synthetic, score: false}
//	network:
//	  between: 10ms                  # one way, from access network to access network
//	  caller: {pick: [{wifi: 50}, {lte: 50}]}     # or the name of one profile; perfect: none
//	  callee: {same_as: caller}      # the same distribution, drawn on its own
//	  nat: {pick: [{none: 40}, {port-restricted: 60}]}
//	faults: [{at: 5m, do: relay.kill, index: 0}, {at: 8m, do: signaling.restart}]
//	thresholds:
//	  setup.success_rate: ">= 99.5%"
//	  setup.total: [p95 < 1s, p99 < 2s]
//
// # Distributions
//
// A duration is one value (110s), or one of {fixed: 110s}, {exp: 6s} (of that mean), {lognormal: {median: 110s, sigma: 1}},
// {erlang: {k: 3, mean: 60s}} and {empirical: [5s, 60s, 300s]} (each as likely).
//
// # Arrivals
//
// The stages say how the rate changes: ramp_to goes linearly from the present rate to another, hold keeps it, spike is another
// rate for a while, drain is none, so that calls can end. The first stage begins with the rate of the arrivals, or with
// nothing if it is a ramp. An arrival is where the integral of the rate passes the next point: evenly spaced points with
// constant, exponentially spaced ones with poisson. mmpp changes between rates of its own after exponentially distributed
// stays. A trace is a CSV file whose first column are seconds since the start.
//
// # The same again
//
// Each call draws from a stream of its own, seeded by the scenario's seed and its number: to add a mix, an event or a fault
// changes no other draw. [Scenario.Lock] writes a scenario out with every default in place and traces inlined; it reads back
// as the same plan.
package scenario
