// Command turnbench measures the relay beside other people's: one table, one run, one machine.
//
//	main process (generator, one core) ──UDP on loopback──▶ relay process (its own core) ──▶ back to the generator
//
// Relays:
//
//	ours     package turn
//	raw      a pair forwarder: recvmmsg, one array look-up, sendmmsg; no protocol. The limit of this machine's sockets
//	coturn   turnserver with use-auth-secret, when it is installed (apt-get install coturn)
//	pion5    github.com/pion/turn/v5
//	pion3    github.com/pion/turn/v3
//
// Every call has both ends allocated at the relay under test, bound to channels, and carries 120 bytes of payload. Every
// client has a loopback address of its own, and all of them share one socket of the generator, which is how one core can
// load a relay: IP_PKTINFO names the source of each packet.
//
// # Stages
//
//	setup    2 allocations and 2 channels for each call, from the challenge on: allocations per second
//	full     a window of packets in flight, which are sent again as they arrive: packets per second, CPU per packet
//	voice    50 packets/s each way for each call at random phases: CPU, loss, p50 and p99 of the latency
//	memory   RSS for each allocation with its permission and channel
//	cores    the same on one core and on two
//
// All relays are started and set up first. Then they take turns in every round, in an order that rotates, while the others are
// stopped (SIGSTOP); what is printed are medians over rounds, and ratios. CPU time is what the scheduler says
// (/proc/PID/task/*/schedstat), so another program on the same core costs throughput and latency, but not CPU per packet. How
// much it took is printed: "others" is what ran on the relay's core and was not the relay. "Stalled" is the longest time in
// which the generator had no core, which shows in loss and latency of all relays alike. "Generator" is the share of time in which it had something to do: near 100 % means that the generator is what is measured.
//
// Latency is from just before the system call that sends, to the kernel's time stamp when the packet is back.
//
// # Exit codes
//
//	0  measured
//	1  something could not be measured
//	2  wrong usage
//	3  measured, and with -check a figure was missed
//
// It sends nothing beyond loopback and ends only processes that it started. They end with it.
package main
