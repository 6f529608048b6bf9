package fleet_test

import (
	"strings"
	"testing"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestTimesAreRelativeOrAbsolute(t *testing.T) {
	for _, test := range []struct {
		text string
		want time.Time
	}{
		{"in 0s", noon},
		{"in 399h", noon.Add(399 * time.Hour)},
		{"in 399 h", noon.Add(399 * time.Hour)},
		{"in 90m", noon.Add(90 * time.Minute)},
		{"in 30d", noon.Add(30 * 24 * time.Hour)},
		{"in 1d12h30m", noon.Add(36*time.Hour + 30*time.Minute)},
		{"in 1d 12h", noon.Add(36 * time.Hour)},
		{"2h ago", noon.Add(-2 * time.Hour)},
		{"2026-12-01T02:00:00Z", time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)},
		{"2026-12-01T02:00:00+01:00", time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)},
	} {
		got, err := fleet.ParseWhen(test.text, noon)
		if err != nil || !got.Equal(test.want) {
			t.Errorf("%q: found %v, %v, want %v", test.text, got, err, test.want)
		}
		if got.Location() != time.UTC {
			t.Errorf("%q: found zone %v, want UTC", test.text, got.Location())
		}
	}
}

func TestOtherTimesAreRefusedWithWhatWasFound(t *testing.T) {
	for _, text := range []string{
		"", "399h", "in", "in ", "in h", "in -5h", "in 5", "in 5w", "in 1.5h", "5h", " ago", "h ago", "in 5h ago",
		"In 5h", "tomorrow", "2026-12-01", "in 99999999999999999999h", "in 90000000000h", "in 36500d 36500d",
	} {
		if got, err := fleet.ParseWhen(text, noon); err == nil || !strings.Contains(err.Error(), `found "`+text+`"`) {
			t.Errorf("%q: found %v, %v, want an error that repeats it", text, got, err)
		}
	}
}
