package main

import (
	"os"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

func main() { command.Main(newApp(os.Stdin, os.Stdout, os.Stderr)) }
