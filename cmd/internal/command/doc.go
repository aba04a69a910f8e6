// Package command is how the three commands of Taciturn end: one line that says what went wrong, one that says what to
// do, and an exit code that a script can rely on.
//
//	0  done
//	1  failed
//	2  the command line or configuration is wrong
//
// callsim adds two of its own: see its documentation. Output is lower case without a full stop:
//
//	taciturn: error: the server is not reachable
//	taciturn: hint: is taciturnd running there? --server names another one
package command
