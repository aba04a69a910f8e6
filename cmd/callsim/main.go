package main

import (
	"os"

	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

func main() { command.Main(newApp(os.Stdout, os.Stderr)) }
