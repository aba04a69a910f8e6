// Command callsim places many real end-to-end-encrypted calls and says whether they were good and private.
//
//	callsim quick --calls 20 --seconds 10          embedded server and relay, real sockets on loopback
//	callsim quick --server http://127.0.0.1:8080   a server that runs already
//	callsim run SCENARIO.yaml --out DIR            what a file says: packages scenario, virtual, real, result
//	callsim report DIR --html                      a run as a page: package report
//	callsim compare BEFORE AFTER                   is one run worse than another: package compare
//	callsim profiles list                          the networks there are: calls/netsim
//	callsim probe turn HOST:PORT                   what a TURN server does when it is attacked: package probe
//	callsim score reference.wav heard.wav          intelligibility (STOI) of a recording
//
// The rest of this page is about quick. Nothing is mocked: every simulated phone is package calls, every call is sealed, relayed, encrypted, decoded and
// compared with what was spoken. One thing is shared: all phones speak the same clip, so its Opus frames are encoded once
// (--own-encoder makes each phone encode for itself, which costs 0.7 ms of a core per frame).
//
// # Measures
//
// press_to_ring runs from the caller's press until the other phone rings and the caller's knows it. accept_to_audio runs
// from the callee's press of accept to the first voice frame played, on the side that waited longer. lost_ratio counts
// frames that were sent while both sides talked and never arrived authentic. Speech is compared by STOI (Taal et al.,
// 2011) after alignment, in both directions of every call.
//
// What the relay could see is taken from the relay's own socket, or from the phones' sockets when the relay runs
// elsewhere. What the server could see is taken from the HTTP requests. plaintext_seen counts packets that hold eight
// bytes of an Opus frame that was spoken, or envelopes that hold an account's id or key.
//
// # Verdict and exit codes
//
//	0  pass
//	1  a threshold was missed
//	2  usage
//	3  invalid: the simulator itself was too slow, so the figures say nothing about the system
//	4  nobody answers there
//	5  something leaked, or a probe failed
package main
