// Package bus is how the nodes of a service reach one another, and where they keep what must survive: the only importer
// of NATS, and no type of NATS crosses its API.
//
//	Config.URL == ""   an embedded NATS server without a socket, in this process; replicas 1
//	Config.URL != ""   an existing NATS cluster; replicas 3
//
// It offers two things that do not mix:
//
//	Subscribe, Request   live signaling: core request/reply, in memory, at most once. No subscriber is an answer and not
//	                     a silence: [ErrNoResponders] arrives in microseconds and means offline.
//	Bucket               the store: JetStream key/value with a revision for each key, written synchronously (an embedded
//	                     store calls fsync before it answers). Create succeeds once: first come, first served.
//
// # Subjects
//
// Nothing readable travels on the bus. A [Subject] is
//
//	"q." ‖ base32(HMAC-SHA256(subject key, queue id)[:20])
//
// The subject key is random for each start of an embedded bus. Nodes of a cluster share one, which the first of them
// draws and puts in the bucket "taciturn_bus"; whoever only listens on the cluster's wires cannot tell which queue a
// subject belongs to.
//
// # Order and speed
//
// One loop calls all handlers of a bus one after the other, so a handler must not block: it puts the message into a
// bounded queue and answers. A handler that cannot keep up makes the bus drop requests ([Stats].Dropped), whose senders
// get [ErrTimeout]; publishers never wait.
//
// # Data
//
// With Dir empty nothing outlives the process; NATS still wants a directory, which is temporary and stays empty. A
// directory is locked while it is open: two processes on one store would destroy it. Open reads all of a store and checks
// every record, so one that shows damage is refused ([ErrDamaged]) rather than served without what was lost.
//
// # Virtual time
//
// A bus works inside a testing/synctest bubble if [bustest] is imported: see there.
//
// [bustest]: https://pkg.go.dev/github.com/taciturn-voice/taciturn/signaling/bus/bustest
package bus
