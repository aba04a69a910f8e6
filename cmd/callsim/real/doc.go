// Package real carries a scenario out in real time, over sockets, with light endpoints (package light): against the server
// that callsim brings, or against any other that is given by its URL.
//
// Calls begin when the scenario's plan says, whatever has become of those before: an open load. What is late is the
// simulator, and is measured: how late calls began, how late each frame left, what the kernel dropped for want of room, how
// long the garbage collector stopped the world. A run whose frames left more than a millisecond late (99th percentile) says
// so and is invalid: it measured the machine that it ran on.
//
// Profiles of the scenario stand on each client's edge, between its socket and the relay (netsim.Edge): loss, delay, jitter,
// rate and queue. Address translation, changes of networks, and the faults of a scenario are refused: this engine does not
// have them.
package real
