package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/taciturn-voice/taciturn/calls"
	"github.com/taciturn-voice/taciturn/calls/identity"
	"github.com/taciturn-voice/taciturn/cmd/internal/command"
	"github.com/urfave/cli/v2"
)

// session is what every command needs: which profile, and where output goes.
type session struct {
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
	json       bool
	dir        string // of the profile
	passphrase []byte
}

var profileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// sessionFrom reads the global flags.
func sessionFrom(c *cli.Context, stdin io.Reader, stdout, stderr io.Writer) (session, error) {
	s := session{stdin: stdin, stdout: stdout, stderr: stderr, json: c.Bool("json")}
	name := c.String("profile")
	if !profileName.MatchString(name) {
		return s, command.Usagef("use letters, digits, dots and hyphens", "%q cannot be a profile name", name)
	}
	home := c.Path("home")
	if home == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return s, command.Failed(errors.New("this user has no configuration directory"), "say where profiles live with --home DIRECTORY")
		}
		home = filepath.Join(config, "taciturn")
	}
	s.dir = filepath.Join(home, name)
	var err error
	s.passphrase, err = passphraseFrom(c.Path("passphrase-file"))
	return s, err
}

const maxPassphraseBytes = 4096

// passphraseFrom reads a passphrase from a file: never from an argument or the environment, which others can see.
func passphraseFrom(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, command.Failed(fmt.Errorf("read the passphrase file: %w", command.Bare(err)), "check --passphrase-file")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPassphraseBytes))
	if err != nil {
		return nil, command.Failed(fmt.Errorf("read the passphrase file: %w", command.Bare(err)), "check --passphrase-file")
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) == 0 {
		return nil, command.Failed(errors.New("the passphrase file is empty"), "put the passphrase on its first line")
	}
	return text, nil
}

// open loads the profile, or says which command makes one.
func (s session) open() (*calls.Profile, error) {
	p, err := calls.OpenProfile(s.dir, s.passphrase)
	switch {
	case err == nil:
		return p, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, command.Failed(errors.New("this profile does not exist yet"), "taciturn init --server URL makes it; --profile NAME chooses another one")
	case errors.Is(err, identity.ErrNeedPassphrase):
		return nil, command.Failed(errors.New("this profile's keys are locked"), "give the passphrase with --passphrase-file FILE")
	case errors.Is(err, identity.ErrPassphrase):
		return nil, command.Failed(errors.New("wrong passphrase"), "nothing was changed; check --passphrase-file")
	}
	return nil, command.Failed(fmt.Errorf("open the profile: %w", command.Bare(err)), "nothing was changed; if a file is damaged, restore the profile directory from a backup")
}
