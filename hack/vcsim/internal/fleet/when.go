// Times in a fleet file: relative to now, or absolute.

package fleet

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var units = map[string]time.Duration{"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second}

var (
	spanPattern = regexp.MustCompile(`^(?:[0-9]+ ?[dhms] ?)+$`)
	partPattern = regexp.MustCompile(`([0-9]+) ?([dhms])`)
)

// ParseWhen reads "in 399h", "in 1d12h", "2h ago" or an RFC 3339 time.
func ParseWhen(text string, now time.Time) (time.Time, error) {
	if span, ahead := strings.CutPrefix(text, "in "); ahead {
		if d, ok := parseSpan(span); ok {
			return now.Add(d).UTC(), nil
		}
	} else if span, past := strings.CutSuffix(text, " ago"); past {
		if d, ok := parseSpan(span); ok {
			return now.Add(-d).UTC(), nil
		}
	} else if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	return time.Time{}, fmt.Errorf(
		"found %q, want a time such as \"in 399h\", \"in 90m\", \"in 30d\", \"2h ago\" or \"2026-12-01T02:00:00Z\"", text)
}

var bracedTime = regexp.MustCompile(`\{(?:in [^{}]*|[^{}]* ago)\}`)

// ResolveTimes replaces {in 40h} and {2h ago} in a text by RFC 3339 times in UTC; other braces stay.
func ResolveTimes(text string, now time.Time) (string, error) {
	var failure error
	resolved := bracedTime.ReplaceAllStringFunc(text, func(braced string) string {
		at, err := ParseWhen(strings.Trim(braced, "{}"), now)
		if err != nil {
			failure = err
		}
		return at.Format(time.RFC3339)
	})
	return resolved, failure
}

// longestSpan keeps sums of spans within time.Duration.
const longestSpan = 100 * 365 * 24 * time.Hour

func parseSpan(text string) (time.Duration, bool) {
	if !spanPattern.MatchString(text) {
		return 0, false
	}
	var total time.Duration
	for _, part := range partPattern.FindAllStringSubmatch(text, -1) {
		count, err := strconv.ParseInt(part[1], 10, 64)
		unit := units[part[2]]
		if err != nil || count > int64(longestSpan/unit) {
			return 0, false
		}
		total += time.Duration(count) * unit
		if total > longestSpan {
			return 0, false
		}
	}
	return total, true
}
