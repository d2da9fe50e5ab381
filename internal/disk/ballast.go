package disk

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io/fs"
	"os"
)

const (
	ballastMode = 0o600
	chunkBytes  = 1 << 20
)

// held returns how many bytes of the disk the ballast takes up; 0 if it is not there.
func held(path string) (uint64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, ignore(err, fs.ErrNotExist)
	}
	return min(uint64(info.Size()), allocated(info)), nil
}

// fill makes the ballast: really allocated, not just a size. What the file system will not set
// aside is written.
func fill(path string, size uint64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, ballastMode)
	if err != nil {
		return err
	}
	err = allocate(f, int64(size))
	if info, serr := f.Stat(); err != nil || serr != nil || allocated(info) < size {
		err = write(f, size)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// write fills the file with bytes that no file system can make smaller.
func write(f *os.File, size uint64) error {
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	block, err := aes.NewCipher(make([]byte, aes.BlockSize))
	if err != nil {
		return err
	}
	noise := cipher.NewCTR(block, make([]byte, aes.BlockSize))
	chunk := make([]byte, chunkBytes)
	for left := size; left > 0; {
		part := chunk[:min(left, chunkBytes)]
		noise.XORKeyStream(part, part)
		if _, err := f.Write(part); err != nil {
			return err
		}
		left -= uint64(len(part))
	}
	return nil
}

// release gives the ballast's room back. The file is emptied and synced first: some file systems
// keep the blocks of a removed file for seconds.
func release(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, ballastMode)
	if err != nil {
		return ignore(err, fs.ErrNotExist)
	}
	err = errors.Join(f.Sync(), f.Close())
	return errors.Join(err, ignore(os.Remove(path), fs.ErrNotExist))
}
