// One call of WaitForUpdatesEx in flight, and the ways in which it ends.

package collector

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// mostObjects is the most that one set holds, whatever the client asks for.
const mostObjects = 100

// settle lets changes that belong together travel together.
const settle = 10 * time.Millisecond

// wait is one call in flight.
type wait struct {
	limit    int
	deadline <-chan time.Time // nil: for ever
	once     bool             // answer at once, with or without updates

	ending sync.Once
	ended  chan struct{}
	fault  types.BaseMethodFault
}

func newWait(options *types.WaitOptions) *wait {
	w := &wait{limit: mostObjects, ended: make(chan struct{})}
	if options == nil {
		return w
	}
	if seconds := options.MaxWaitSeconds; seconds != nil {
		w.once = *seconds == 0
		w.deadline = time.After(time.Duration(*seconds) * time.Second)
	}
	if most := int(options.MaxObjectUpdates); most > 0 {
		w.limit = min(most, mostObjects)
	}
	return w
}

// end makes the call fail.
func (w *wait) end(fault types.BaseMethodFault) {
	w.ending.Do(func() {
		w.fault = fault
		close(w.ended)
	})
}

// verdict says why a wait is over.
type verdict int

const (
	changed verdict = iota
	timedOut
	ended
)

// sleep waits for the next change, the deadline or the end.
func (w *wait) sleep(next <-chan struct{}) verdict {
	select {
	case <-w.ended:
		return ended
	default:
	}
	select {
	case <-w.ended:
		return ended
	case <-w.deadline:
		return timedOut
	case <-next:
	}
	select {
	case <-w.ended:
		return ended
	case <-time.After(settle):
		return changed
	}
}
