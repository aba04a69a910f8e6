// Package netsim is a network in memory, for tests and simulators: hosts with addresses, datagrams with delay, jitter and
// loss, streams with delay. It runs in real time and in the virtual time of testing/synctest.
//
//	network := netsim.New(netsim.Config{Delay: 20 * time.Millisecond, Loss: 0.01, Seed: 1})
//	alice := network.Host(netip.MustParseAddr("192.0.2.10"))
//	cfg.ListenPacket, cfg.DialContext = alice.ListenPacket, alice.DialContext
//
// What crosses the network can be watched ([Network.SetTap]); a host can lose its network and get it back ([Host.SetDown]).
// With a seed, the same program loses the same packets.
//
// Datagrams: a full receiver drops (as a socket buffer does), an unknown address is a black hole. Streams: ordered and
// reliable, with one delay each way; a connection refused is an error at once; a host that is down stalls them.
package netsim
