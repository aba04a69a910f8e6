//go:build !linux

package turn

func overwriteSignals() {}
