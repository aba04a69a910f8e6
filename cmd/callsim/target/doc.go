// Package target is what is simulated against, when callsim brings it along: a whole server in this process, with sockets
// that can be watched ([Start]).
package target
