//go:build race

package calls_test

const raceDetector = true
