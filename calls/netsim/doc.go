// Package netsim is a network in memory, for tests and simulators: hosts with addresses and access links, datagrams and
// streams. It runs in real time and in the virtual time of testing/synctest.
//
//	network := netsim.New(netsim.Config{Delay: 20 * time.Millisecond, Seed: 1})
//	alice := network.Host(netip.MustParseAddr("192.0.2.10"))
//	train, _ := netsim.ByName("train")
//	alice.Use(train)
//	cfg.ListenPacket, cfg.DialContext = alice.ListenPacket, alice.DialContext
//
// # The way of a datagram
//
//	socket > tap > firewall > link up > NAT > between > NAT > link down > firewall > socket
//
// Impairment belongs to the access links ([Link], [Host.Use]), not to the network between ([Config]): what goes through a
// relay crosses that twice, and would be lost twice. On a link a datagram meets, in this order, the MTU, the queue, the rate,
// loss, delay and jitter, reordering and duplication. Order is kept within a flow unless the link reorders: else jitter would
// look like loss. What does not get through is counted by its reason ([Host.Counts]).
//
// [Profiles] are links with a name and a source: what others test with, and what happens to phones (tunnels, a change from
// Wi-Fi to LTE, NATs and firewalls).
//
// A full receiver drops, as a socket buffer does; an unknown address is a black hole. What crosses the network can be watched
// ([Network.SetTap]); a host can lose its network and get it back ([Host.SetDown]), or go to another one ([Host.Move]).
//
// # Streams
//
// Ordered and reliable. A lost segment is repeated after a timeout, so loss makes a stream late; a host that is down stalls
// it; an address that is gone ends it, which the ends only notice by their own timeouts. A stream has the rate of the links
// to itself. A connection refused is an error at once; a firewall swallows it.
//
// # The same again
//
// What happens to a datagram depends on the seed, the link, the two ends, the kind of datagram (STUN, DTLS, RTP, RTCP) and its
// number among those: not on which goroutine ran first, nor on other flows. Two things do depend on others: the place in a
// queue that flows share, and what happens at the same instant, which happens in the order of sending.
//
// That is not enough for programs that run on it: Go picks at random which goroutine, timer or case of a select comes first at
// an instant, and the program makes random bytes. [Config.Repeatable] takes these influences away. No two datagrams or pieces
// of streams arrive at the same nanosecond, for each takes up to 20 µs longer by a draw of its own; so hardly anything that
// follows from them coincides either. Nor do two enter a queue at the same one, for the same reason. And DTLS, whose
// signatures have random lengths, takes as much time as the next multiple of
// 256 bytes.
//
// # Watching
//
// A [Tap] sees what is sent and may take it away. A [Watch] sees what becomes of everything: where a datagram was lost, or when
// it arrived.
package netsim
