// Package light has phones for load: thousands of calls on one core, each with a real handshake, a real allocation and real
// encryption, and nothing that a load does not need.
//
//	engine, err := light.New(light.Config{Voice: frames})
//	alice, err := engine.Register(ctx, "https://calls.example.org")
//	bob, err := engine.Register(ctx, "https://calls.example.org")
//	outcome := engine.Call(ctx, alice, bob, light.Plan{Ring: time.Second, Talk: time.Minute})
//
// # What is as in a phone
//
// Everything that server and relay see of a call: accounts with keys of their own, directory look-up, sealed envelopes of
// 4096 bytes (package seal), per-call queues, one pair of relay credentials; one allocation, permission and channel for each
// side, refreshed in time; ICE checks with message integrity while connecting and once a second afterwards; from CONFIRM to
// hang-up one packet every 20 ms in each direction, always of the same size:
//
//	ChannelData [4] ‖ RTP [12] ‖ SFrame [3 + 96 + 16] ‖ SRTP tag [16], padded to 148 bytes
//
// SRTP is AEAD_AES_256_GCM (pion/srtp), frames are sealed and opened by package sframe, and a hang-up rides inside a frame.
//
// # What is not
//
//   - There is no DTLS. The SRTP keys are derived from the secret of the handshake, which both ends hold, and so light
//     endpoints talk to light endpoints only. A phone's DTLS handshake adds two round trips and 4 ms of a processor to setting
//     up a call; figures of set-up are those of full endpoints, or say that they are not.
//   - Opus frames are read from a list, and not decoded. What would be late for playout is computed by a model: the 60 ms
//     that a phone's buffer begins with.
//   - People share signaling connections: a Person has one mailbox connection and may have many calls. The per-call queues
//     are left as soon as voice flows; a phone keeps them for a change of networks. So light calls cost a signaling server less
//     while they last, and the same while they are set up.
//   - A lost path ends in silence: there is no ICE restart.
//
// # Threads
//
// On Linux each shard is one thread with one epoll set, connected UDP sockets and a timer of one millisecond. A call belongs
// to one shard, both sides of it, so that nothing is locked and one clock tells exact delays. A frame is due in one of the
// twenty slots of its 20 ms; what is due in a slot is sent in one go. How late frames leave is measured for each of them
// ([Stats.Pacing]). Elsewhere, and on networks that are not the kernel's ([Engine.RegisterOn]), each side has a goroutine.
package light
