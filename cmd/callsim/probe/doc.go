// Package probe asks a TURN server what it does: whether it keeps to the standards, what it lets a stranger do, and what
// a packet of a stranger's costs it.
//
//	report, err := probe.Run(ctx, probe.Config{Target: "127.0.0.1:3478", Transport: probe.UDP, Login: login})
//
// # Probes
//
// A probe is a short dialogue with a name, the section or the attack that it stands for, and outcomes in words: a code
// (401), success, silence, closed, or what its want says. Each outcome is known beforehand:
//
//	pass      what the standard asks, or what refuses the attack
//	differs   what a standard also allows, or leaves to policy
//	fail      everything else
//	skipped   it needs what is missing: another transport, a secret, relayed IPv6, or an earlier step that was refused
//
// A server that does not answer Binding and Allocate at all is ErrUnreachable, and no probe runs.
//
// # Bounds
//
// A dialogue waits Config.Wait for an answer, and over UDP asks three times. Everything malformed is sent blindly, and then
// the server is asked whether it lives. No run sends more than maxPackets, and floods go at floodPerSecond: this is no tool to
// bring a server down with. All allocations are ended.
//
// # Costs
//
// The last table floods with one kind of packet after another, and counts the bytes that come back for each byte sent; with the
// process of the server (Config.PID, this machine only) also its CPU time for each packet.
package probe
