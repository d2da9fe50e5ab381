package disk

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	statBlock = 512 // bytes; what stat(2) counts in, whatever the file system's own blocks are
	readOnly  = 1   // ST_RDONLY of statvfs(3)
)

// measure asks the operating system. A file system that has become read-only has no room.
func measure(dir string) (Space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return Space{}, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	unit := uint64(st.Frsize)
	if unit == 0 {
		unit = uint64(st.Bsize)
	}
	space := Space{Total: st.Blocks * unit, Free: st.Bavail * unit}
	if st.Flags&readOnly != 0 {
		space.Free = 0
	}
	return space, nil
}

// allocated returns how many bytes a file really takes up.
func allocated(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Blocks) * statBlock
	}
	return uint64(info.Size())
}

// allocate sets room aside without writing.
func allocate(f *os.File, size int64) error {
	return syscall.Fallocate(int(f.Fd()), 0, 0, size)
}
