// Package interop shows that the relay serves clients that nobody here wrote, and how it differs from a server that nobody
// here wrote. It has tests only, on loopback.
//
//	uclient_test.go        coturn's turnutils_uclient places calls: channels and indications; UDP, TCP and TLS
//	differential_test.go   the same requests to this relay and to pion/turn's server, and the list of intended differences
//	story_test.go          the requests
//	server_test.go         both servers
package interop
