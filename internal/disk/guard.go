package disk

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// BallastName is the name of the ballast file in the watched directory.
const BallastName = "kassa.ballast"

// Limits. On a small file system a part of it counts instead of the full number of bytes.
const (
	reserveBytes = 256 << 20 // below this much room nothing new begins
	reservePart  = 20        // or below this part of the file system, if that is less
	ballastBytes = 32 << 20
	ballastPart  = 8
	fullBytes    = 16 << 20 // below this much the ballast goes
	fullPart     = 32
	freshness    = time.Second // how long a measurement holds
)

// Space is the size of a file system in bytes.
type Space struct {
	Total uint64
	Free  uint64 // what an ordinary process may still use
}

func (s Space) reserve() uint64 { return min(reserveBytes, s.Total/reservePart) }
func (s Space) ballast() uint64 { return min(ballastBytes, s.Total/ballastPart) }
func (s Space) full() bool      { return s.Free < min(fullBytes, s.Total/fullPart) }

// Options says what to watch. Dir, Now and Log are required.
type Options struct {
	Dir string // must exist
	Now func() time.Time
	Log *slog.Logger
	// Measure replaces the question to the operating system.
	Measure func(dir string) (Space, error)
}

// Guard watches one directory. It is safe for concurrent use. A nil Guard watches nothing and finds
// room everywhere.
type Guard struct {
	dir     string
	now     func() time.Time
	log     *slog.Logger
	measure func(dir string) (Space, error)

	mu       sync.Mutex // guards what was measured; never held while the ballast is made
	measured time.Time
	low      bool
	blind    bool // the last measurement failed

	tending sync.Mutex // one at a time looks after the ballast
	stuck   bool       // it could not be made
}

// New returns a guard. It measures when it is first asked.
func New(o Options) *Guard {
	if o.Measure == nil {
		o.Measure = measure
	}
	return &Guard{dir: o.Dir, now: o.Now, log: o.Log, measure: o.Measure}
}

// Low reports whether there is too little room to begin anything new. The ballast counts as taken,
// whether it is there or not, so that giving it up never lets new work in. Where the room cannot be
// measured there is assumed to be enough: the database refuses what does not fit.
func (g *Guard) Low() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	age := g.now().Sub(g.measured)
	low := g.low
	g.mu.Unlock()
	if age < 0 || age >= freshness {
		_, low = g.look()
	}
	return low
}

// Keep measures now and tends the ballast: it gives it up when the disk is full and makes it again
// when there is room. It is meant to be called every second or so. The number it returns is always
// 0: there is never more of this work at once.
func (g *Guard) Keep(context.Context) (int, error) {
	if g == nil {
		return 0, nil
	}
	g.tending.Lock()
	defer g.tending.Unlock()
	space, low := g.look()
	held, err := held(g.path())
	switch {
	case err != nil:
		return 0, err
	case space.full() && held > 0:
		g.log.Error("the disk is full: the ballast is given up to store what is under way",
			"directory", g.dir, "free", space.Free)
		return 0, release(g.path())
	case !low && held < space.ballast():
		return 0, g.fill(space.ballast())
	}
	return 0, nil
}

// look measures, decides and says so when the answer has changed. The zero Space, of which nothing
// is known, is neither low nor full.
func (g *Guard) look() (space Space, low bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	space, err := g.measure(g.dir)
	g.measured = g.now()
	if err != nil && !g.blind {
		g.log.Warn("the free space cannot be measured", "directory", g.dir, "error", err)
	}
	if g.blind = err != nil; g.blind {
		g.low = false
		return Space{}, false
	}
	held, _ := held(g.path())
	low = space.Free+min(held, space.ballast()) < space.reserve()+space.ballast()
	switch {
	case low && !g.low:
		g.log.Error("the disk is almost full: no new sessions and payments",
			"directory", g.dir, "free", space.Free, "needed", space.reserve())
	case !low && g.low:
		g.log.Info("there is room on the disk again", "directory", g.dir, "free", space.Free)
	}
	g.low = low
	return space, low
}

// fill makes the ballast. A disk that has no room for it after all, or a directory that does not
// allow it, is said once and tried again.
func (g *Guard) fill(size uint64) error {
	err := fill(g.path(), size)
	if err != nil && !g.stuck {
		g.log.Warn("the ballast file cannot be made", "directory", g.dir, "error", err)
	}
	g.stuck = err != nil
	if err != nil {
		return ignore(release(g.path()), fs.ErrNotExist)
	}
	return nil
}

func (g *Guard) path() string { return filepath.Join(g.dir, BallastName) }

// ignore drops an error that is no news.
func ignore(err, known error) error {
	if errors.Is(err, known) {
		return nil
	}
	return err
}
