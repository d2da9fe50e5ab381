package ident

import (
	"sort"
	"strings"
	"testing"
	"time"
)

func TestID_SortsByTimeAndHasItsShape(t *testing.T) {
	src := Random()
	start := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	var ids []string
	for i := range 100 {
		ids = append(ids, src.ID("cs", start.Add(time.Duration(i)*time.Millisecond)))
	}
	if !sort.StringsAreSorted(ids) {
		t.Error("ids of later times do not sort after those of earlier times")
	}
	for _, id := range ids {
		if !Valid("cs", id) {
			t.Errorf("%s is not valid by our own rule", id)
		}
	}
}

func TestID_SortsInTheOrderOfMaking(t *testing.T) {
	src := Random()
	now, other := time.UnixMilli(1_800_000_000_000), time.UnixMilli(1_900_000_000_000)
	var ids, others []string
	for range 2000 {
		ids = append(ids, src.ID("evt", now))
		others = append(others, src.ID("evt", other))
	}
	for _, list := range [][]string{ids, others} {
		if !sort.StringsAreSorted(list) || list[0] == list[1] {
			t.Error("ids of one millisecond do not sort in the order they were made in")
		}
	}
}

// TestID_SortsWhileOtherTimesAreAround: the clock moves on between two ids of one moment, and other
// merchants' clocks move with it.
func TestID_SortsWhileOtherTimesAreAround(t *testing.T) {
	src := Random()
	now := time.UnixMilli(1_800_000_000_000)
	for i := range 5000 {
		at := now.Add(time.Duration(i) * time.Millisecond)
		first := src.ID("evt", at)
		src.ID("evt", at.Add(24*time.Hour))
		src.ID("evt", at.Add(48*time.Hour))
		if second := src.ID("evt", at); second <= first {
			t.Fatalf("%s was made before %s", first, second)
		}
	}
}

func TestGrow_CarriesToTheLeft(t *testing.T) {
	b := [tail]byte{8: 0xff, 9: 0xff}
	grow(&b, 0)
	if b != ([tail]byte{7: 1}) {
		t.Errorf("0xffff+1 = %x", b)
	}
}

func TestValid_RefusesOtherShapes(t *testing.T) {
	id := Random().ID("cs", time.Unix(1_800_000_000, 0))
	for _, bad := range []string{
		"", "cs_", id[:len(id)-1], id + "0", strings.ToUpper(id), "pay" + id[2:],
		id[:5] + "u" + id[6:], id[:5] + "-" + id[6:],
	} {
		if Valid("cs", bad) {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestSecret_CarriesAllItsBits(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		s := Random().Secret(32)
		if len(s) != 52 || seen[s] {
			t.Fatalf("secret %q: length %d, repeated %v", s, len(s), seen[s])
		}
		seen[s] = true
	}
}
