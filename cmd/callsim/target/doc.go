// Package target is what is simulated against, when callsim brings it along: a whole server in this process, with sockets
// that can be watched ([Start]), or taciturnd as a process of its own, which can be killed ([Launch]).
package target
