// Package commandtest lets tests run the commands of Taciturn as people do: as processes, on free ports, with exit codes.
//
// [Main] compiles commands once for a test binary, [Start] runs one of them until the test ends, [Serve] runs taciturnd
// and knows its URL, and [Failure] checks what every command promises about its failures: one line that says what went
// wrong, one that says what to do, and nothing that names a person or a place.
package commandtest
