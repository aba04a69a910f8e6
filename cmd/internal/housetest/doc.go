// Package housetest keeps the rules of the house that a machine can check. It has tests only.
//
//	imports_test.go   who may reach whom, each rule with its reason: the import graph proves the privacy claim
//	owners_test.go    one library, one owner
//	purity_test.go    layers 1 and 2 have no clock, no sockets, no files and no goroutines
//	secrets_test.go   how code that holds secrets compares and formats; every label is used for one purpose
//	print_test.go     what holds a secret or names somebody prints as its type name
//	logs_test.go      log lines have constant words and name nobody
//	protocol_test.go  docs/protocol.md has the labels, sizes and times of the code
//	files_test.go     package documentation, gofmt and the length of files
//
// The house is read once (house_test.go): one go list, and every Go file of the module whatever platform it is for. A
// check is a function from what was read to complaints, so that each is also shown something bad and must complain. A rule
// that no longer applies to anything fails: it would only look like a check.
package housetest
