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
//	--listen        TCP: HTTP or HTTPS, WebSockets, the web phone, TURN over TCP and TLS   127.0.0.1:8080
//	--turn-listen   UDP: STUN and TURN; of a relay that runs alone TCP and TLS as well     127.0.0.1:3478
//	--admin-listen  HTTP, loopback only: /metrics /healthz /readyz                         127.0.0.1:8081
//
// With --tls-cert and --tls-key the TCP port speaks HTTPS and may face the world. What arrives there is told apart by its first bytes:
// see turn.Door. Phones are given the URLs that follow from the listeners, turn: for UDP and TCP and turns: with a certificate, under
// --public-name when there is one, or those of --turn-url. Signaling that runs alone does not know whether its relay has a
// certificate: tell it with --turn-url.
//
// # Signals and exit codes
//
// SIGINT stops it. SIGTERM drains the relay first: new calls are sent to --drain-to or refused, /readyz says 503, and the calls that are
// here have the time of --drain, or until the next signal. SIGHUP reads the certificate again. Exit code 0 is a stop that was asked
// for, 1 a failure, 2 a usage error.
//
// # Metrics
//
//	name                                        kind     meaning
//	taciturn_signaling_envelopes_total          counter  envelopes in steps of 1,000, by result (accepted, refused)
//	taciturn_relay_packets_total                counter  voice packets in steps of 10,000,000, by result (forwarded, dropped)
//	taciturn_relay_allocations_bucket           gauge    0, 10, 100, … : the power of ten reached
//
// No label is taken from input, and all of them are coarse on purpose and refreshed every 15 minutes: on a small server an exact
// gauge of live allocations, or a counter that grows while a call lasts, is a list of calls.
package main
