package terms

import (
	"strings"
	"sync"
	"time"

	// The zones travel with the binary, for machines that have none.
	_ "time/tzdata"
)

// known remembers the zones that were asked for: reading one from disk for every charge of a minute
// would be most of the work. Only names that exist are kept, so it cannot grow without bound.
var known sync.Map // string → *time.Location

// utcOffsets is more than any zone is or was away from UTC.
const utcOffsets = 26 * time.Hour

// Location returns the zone that dates and periods are meant in. Terms that Validate refuses may
// get UTC.
func (t Terms) Location() *time.Location {
	if loc, ok := location(t.Zone); ok {
		return loc
	}
	return time.UTC
}

// location knows UTC and the names of an area and a place. The others that a machine may know
// differ between machines: "Local" and what stands for it, and clocks that count leap seconds.
func location(name string) (*time.Location, bool) {
	if name == "" || name == time.UTC.String() {
		return time.UTC, true
	}
	if loc, ok := known.Load(name); ok {
		return loc.(*time.Location), true
	}
	area, _, placed := strings.Cut(name, "/")
	if !placed || area == "right" || area == "posix" {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	known.Store(name, loc)
	return loc, true
}

// instant returns the first moment at which a clock on the wall there shows the given time or a
// later one. So a time that exists twice is the first of the two, and a time that does not exist is
// the moment right after the gap.
func instant(d Date, ofDay time.Duration, loc *time.Location) time.Time {
	wall := time.Unix(d.number()*int64(24*time.Hour/time.Second), 0).UTC().Add(ofDay)
	at := wall.Add(-utcOffsets)
	for {
		_, offset := at.In(loc).Zone()
		_, end := at.In(loc).ZoneBounds()
		if !end.IsZero() && !end.After(at) {
			// Beyond the table of a zone with summer time, Go ends a leap year a day early: on its
			// last day no bound lies ahead. Clocks change on whole minutes.
			end = at.Add(time.Minute)
		}
		reached := wall.Add(-time.Duration(offset) * time.Second)
		switch {
		case reached.Before(at): // the clock jumped over it
			return at.In(loc)
		case end.IsZero() || reached.Before(end):
			return reached.In(loc)
		}
		at = end
	}
}

// midnight returns the first moment of a day.
func midnight(d Date, loc *time.Location) time.Time { return instant(d, 0, loc) }
