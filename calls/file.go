package calls

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxPrivateFile bounds what is read from a profile: ten thousand contacts fit.
const maxPrivateFile = 64 << 20

// readPrivate reads a file that only its owner may read.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist // without the path, which names a person's profile
	}
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		return nil, fmt.Errorf("a profile file may be read by others (mode %o); chmod 600 it", info.Mode().Perm())
	}
	if info.Size() > maxPrivateFile {
		return nil, errors.New("a profile file is larger than any profile")
	}
	return io.ReadAll(io.LimitReader(f, maxPrivateFile))
}

// writePrivate replaces path as a whole: a crash leaves the old file or the new one, never half of one.
func writePrivate(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("calls: write the profile: %w", bare(err))
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("calls: write the profile: %w", bare(err))
		}
	}()
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// bare is the innermost error: the wrappers of os and net print paths and addresses.
func bare(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
