// Package virtual carries out a scenario in virtual time: whole phones (package calls), the signaling server and the relays in
// one process, over an emulated network (calls/netsim), in bubbles of testing/synctest. A minute of a call takes a fraction of
// a second, and the same seed gives the same run, to the bit.
//
// # One call, one bubble
//
// Each call has a world of its own: server, relays, two phones (three, if the callee is to be busy) and their networks. Calls do
// not share a queue or a server's load; that is what the real engine is for. In return a call can be run again alone, and many
// at once on as many processors. What happens to the service at a time of the run happens in every world that is alive then.
//
//	accounts, online    over a perfect network, before the call is scheduled
//	links               those of the plan, from a little before: at a random point of their cycle if they have one
//	scheduled           the caller's press; faults and arrivals count from the beginning of the run
//	talk                events of the mix, faults of the scenario
//	hang-up             by the caller, Duration after both talk
//
// # Processes
//
// testing/synctest needs a test, and virtual time needs a process without other work. So [Run] starts this very program again,
// as many times as there are processors, with an environment variable by which [Child] recognises itself; jobs go in as lines
// of JSON, results come out. A call whose bubble does not end, or leaves a goroutine behind, takes its process with it: it
// counts as failed, and another process goes on with the next.
//
// # What is measured
//
// All voice packets are watched on the wire (netsim.Watch): when sent, where lost, when arrived, at the nanosecond. Package
// trace scores them, in the buffer of our phone; phones themselves decode nothing. A voice that goes over TCP is not seen, and
// has no directions in the result. Ringing, accept and the first frame played are the library's own times; relay allocations and
// the first packet of voice are of the side that came last. A recovery is listed if something that was said after the fault
// needed 200 ms or more to be heard.
//
// # The same again
//
// netsim.Config.Repeatable says what is done about the order in which Go runs what is ready at one instant. What is random in
// the product (tie-breakers, keys) must not change when anything happens. That is tested by running a scenario twice, with loss,
// through the relay. Two things are not the same yet. Once in some hundreds of calls, the relay's channel to the peer is bound a
// frame or two earlier or later than in the run before. And after a phone loses its connection to the server or changes its
// network, the library comes back with random pauses; such calls repeat to within those.
//
// # What it cannot do
//
// Light endpoints, a server elsewhere, closed loads and STOI are refused ([ErrUnsupported]).
package virtual
