package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FromFile opens the key kept at path. Where there is none it makes one, which
// only the owner can read, synced to disk before anything is sealed with it.
// Processes that start together end up with the same key. Losing the file
// means losing what was sealed: back it up apart from the database.
func FromFile(path string) (*Box, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("seal: making the key file: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: reading the key file: %w", err)
	}
	box, err := Open(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w (file %s)", err, path)
	}
	return box, nil
}

// create writes a new key whole beside path and links it there: a reader never
// sees half a key, and of several writers the first wins.
func create(path string) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".key-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(NewKey() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
