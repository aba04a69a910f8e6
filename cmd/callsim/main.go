package main

import (
	"os"

	"github.com/taciturn-voice/taciturn/cmd/callsim/virtual"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
)

func main() {
	virtual.Child()
	command.Main(newApp(os.Stdout, os.Stderr))
}
