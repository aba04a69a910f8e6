//go:build ignore

// This program builds the core of the web phone into ../dist, run by go generate in its parent: see web.go.

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "web phone:", err)
		os.Exit(1)
	}
}

func build() error {
	dir, err := os.MkdirTemp("", "taciturn-web-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	wasm := filepath.Join(dir, "core.wasm")
	// -l: without inlining the program is a sixth of a megabyte less to load, and no call is in a hurry here.
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-l", "-ldflags=-s -w", "-o", wasm, "./core")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the core: %w", err)
	}
	program, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression) // no name and no time: the same bytes each time
	if err != nil {
		return err
	}
	if _, err = w.Write(program); err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("find the toolchain: %w", err)
	}
	loader, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return fmt.Errorf("find the toolchain's loader: %w", err)
	}
	if err := os.WriteFile(filepath.Join("dist", "wasm_exec.js"), loader, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join("dist", "core.wasm.gz"), packed.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("web phone: core.wasm has %d KiB, %d KiB packed\n", len(program)>>10, packed.Len()>>10)
	return nil
}
