// Command taciturnd is the operator's half of Taciturn: encrypted signaling and a built-in TURN relay in one process.
//
// Started without flags it serves on loopback, over plain HTTP, with its data in memory, and says so: enough to place
// a first call on one machine. The two roles can run apart, so that either can be restarted without the other:
//
//	taciturnd secret relay.secret
//	taciturnd --role relay     --turn-secret-file relay.secret
//	taciturnd --role signaling --turn-secret-file relay.secret --turn-public 127.0.0.1:3478
//
// The process contains no code that can open an envelope or decrypt voice: it imports nothing of calls/, and a house
// test holds it to that. Signaling and relay do not know each other's types either; they meet in cmd/internal/meet, where
// signaling is handed a function that mints relay credentials.
//
// # Listeners
//
//	--listen        HTTP: signaling, WebSockets, the start page     127.0.0.1:8080
//	--turn-listen   UDP: STUN and TURN                              127.0.0.1:3478
//	--admin-listen  HTTP, loopback only: /metrics /healthz /readyz  127.0.0.1:8081
//
// # Signals and exit codes
//
// SIGINT and SIGTERM stop it gracefully. Exit code 0 is a stop that was asked for, 1 a failure, 2 a usage error.
//
// # Metrics
//
//	name                                        kind     meaning
//	taciturn_signaling_envelopes_total          counter  envelopes, by result (accepted, refused)
//	taciturn_relay_packets_total                counter  voice packets, by result (forwarded, dropped)
//	taciturn_relay_allocations_bucket           gauge    0, 1, 10, 100, … : the power of ten reached, refreshed every 15 minutes
//
// No label is taken from input, and the gauge is coarse and slow on purpose: on a small server an exact gauge of live
// allocations is a list of calls.
package main
