package terms_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

func TestDate_WalksThroughEveryDayOfTheCalendar(t *testing.T) {
	d := terms.Date{Year: 1, Month: time.January, Day: 1}
	weekday := time.Monday
	for n := int64(0); d.Year <= 9999; n++ {
		if !d.Valid() || d.Weekday() != weekday {
			t.Fatalf("%v is valid %v, a %v, want a %v", d, d.Valid(), d.Weekday(), weekday)
		}
		next := d.AddDays(1)
		want := terms.Date{Year: d.Year, Month: d.Month, Day: d.Day + 1}
		switch {
		case d.Day < lengthOf(d.Year, d.Month):
		case d.Month < time.December:
			want = terms.Date{Year: d.Year, Month: d.Month + 1, Day: 1}
		default:
			want = terms.Date{Year: d.Year + 1, Month: time.January, Day: 1}
		}
		if next != want || next.AddDays(-1) != d || d.Compare(next) >= 0 || next.Compare(d) <= 0 {
			t.Fatalf("the day after %v is %v, want %v", d, next, want)
		}
		if n%1000 == 0 && d.AddDays(-n) != (terms.Date{Year: 1, Month: time.January, Day: 1}) {
			t.Fatalf("%d days before %v is %v", n, d, d.AddDays(-n))
		}
		d, weekday = next, (weekday+1)%7
	}
}

func TestAddMonths_LosesNoDaysButTheLast(t *testing.T) {
	for _, tc := range []struct {
		from string
		n    int64
		want string
	}{
		{"2027-01-31", 1, "2027-02-28"}, {"2027-01-31", 2, "2027-03-31"}, {"2028-01-31", 1, "2028-02-29"},
		{"2027-03-31", -1, "2027-02-28"}, {"2026-12-31", 1, "2027-01-31"},
		{"2026-01-15", -13, "2024-12-15"},
		{"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 48, "2028-02-29"},
		{"2026-05-05", 0, "2026-05-05"},
	} {
		if got := day(t, tc.from).AddMonths(tc.n).String(); got != tc.want {
			t.Errorf("%s and %d months is %s, want %s", tc.from, tc.n, got, tc.want)
		}
	}
}

func TestParseDate_TakesDaysThatExistAlone(t *testing.T) {
	for _, text := range []string{
		"", "2026-1-1", "2026-01-1", "20260101", "2026/01/01", "2026-00-10", "2026-13-01", "2026-01-00",
		"2026-01-32", "2026-02-29", "2100-02-29", "2026-04-31", "0000-01-01", "-026-01-01", "+026-01-01",
		"2026-01-01T00:00:00Z", " 2026-01-01", "2026-01-0١", "2026-0a-01", "2026-01:01",
	} {
		if d, err := terms.ParseDate(text); err == nil {
			t.Errorf("%q is taken as %v", text, d)
		}
	}
	for _, text := range []string{"0001-01-01", "2000-02-29", "2028-02-29", "9999-12-31"} {
		if d, err := terms.ParseDate(text); err != nil || d.String() != text {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
}

// The standard library reads the same days from text of that form, and no others.
func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{
		"2026-02-28", "2026-02-29", "0000-01-01", "2026-1-01", "9999-12-31", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := terms.ParseDate(text)
		want, wantErr := time.Parse(time.DateOnly, text)
		valid := wantErr == nil && want.Year() > 0
		if (err == nil) != valid {
			t.Fatalf("%q: %v, %v; the library says %v, %v", text, d, err, want, wantErr)
		}
		if err == nil && (d.String() != text || modelDate(want) != d) {
			t.Fatalf("%q is read as %v", text, d)
		}
	})
}

func TestDate_IsTextInJSON(t *testing.T) {
	type pair struct {
		A terms.Date `json:"a,omitzero"`
		B terms.Date `json:"b"`
	}
	in := pair{B: day(t, "2026-02-28")}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"b":"2026-02-28"}` {
		t.Fatalf("%s, %v", text, err)
	}
	out := pair{A: day(t, "2020-01-01")}
	if err := json.Unmarshal([]byte(`{"a":"","b":"2026-02-28"}`), &out); err != nil || out != in {
		t.Errorf("%+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"b":"2026-02-30"}`), &out); err == nil || out != in {
		t.Errorf("a day that does not exist is read: %+v, %v", out, err)
	}
	if text, err := json.Marshal(pair{B: terms.Date{Year: 2026, Month: 2, Day: 30}}); err == nil {
		t.Errorf("a day that does not exist is written: %s", text)
	}
	if text, err := json.Marshal(pair{}); err != nil || string(text) != `{"b":""}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestDateOf_IsThatOfTheZone(t *testing.T) {
	sydney := terms.Terms{Zone: "Australia/Sydney"}.Location()
	when := at(t, "2026-12-31T13:00:00Z")
	if got := terms.DateOf(when.In(sydney)); got != day(t, "2027-01-01") {
		t.Errorf("in Sydney it is %v", got)
	}
	if got := terms.DateOf(when); got != day(t, "2026-12-31") {
		t.Errorf("in UTC it is %v", got)
	}
}
