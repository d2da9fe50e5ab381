package vault

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kassa-pay/kassa/internal/ident"
)

// FileName is the usual name of the key file, in the data folder.
const FileName = "kassa.key"

// The key file is one line of text: the version and the secret in hexadecimal digits.
const (
	version     = "kassa-key-1 "
	maxFileSize = 4096
	fileMode    = 0o600
	othersMode  = 0o077 // what group and world may have: nothing
)

// Load returns the vault of the key file at path, and makes the file on the first start. Its
// folder must exist. A file that anybody but its owner may touch is refused, as is one that is
// damaged: a wrong secret would make everything sealed unreadable.
func Load(path string, src ident.Source) (*Vault, error) {
	key, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(path, src); err == nil || errors.Is(err, fs.ErrExist) {
			key, err = read(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return FromKey(key, src)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&othersMode != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %#o); run: chmod 600 %s",
			path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	if err != nil {
		return nil, err
	}
	return parse(path, string(text))
}

func parse(path, text string) ([]byte, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(text), version)
	if !ok {
		return nil, fmt.Errorf("%s does not begin with %q: not a key file of this version",
			path, strings.TrimSpace(version))
	}
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("%s is damaged: %d hexadecimal digits expected", path, 2*KeySize)
	}
	return key, nil
}

// create writes a new secret beside path and links it into place. The link fails if the file is
// there already, and whoever sees the file sees all of it: two nodes may start at the same moment.
func create(path string, src ident.Source) error {
	beside := path + "." + src.Secret(8)
	if err := write(beside, version+hex.EncodeToString(src.Bytes(KeySize))+"\n"); err != nil {
		return err
	}
	err := os.Link(beside, path)
	if rerr := os.Remove(beside); err == nil {
		err = rerr
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder makes the new name durable: a key that is lost in a crash takes all it sealed along.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
