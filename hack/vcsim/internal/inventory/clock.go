// vCenter's clock, which may be ahead of ours or behind.

package inventory

import (
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// clock is a session's view of the service instance, which has the method CurrentTime.
type clock struct {
	*simulator.ServiceInstance
	skew atomic.Int64 // nanoseconds that it is ahead
}

// CurrentTime is what vCenter believes the time to be.
func (c *clock) CurrentTime(*types.CurrentTime) soap.HasFault {
	now := time.Now().Add(time.Duration(c.skew.Load()))
	return &methods.CurrentTimeBody{Res: &types.CurrentTimeResponse{Returnval: now}}
}

// SetClock sets how far vCenter's clock is ahead.
func (w *World) SetClock(ahead time.Duration) { w.clock.skew.Store(int64(ahead)) }

// ServeClock shows the clock to each session that asks for the time: what a session holds goes before what the
// registry holds.
func (w *World) ServeClock() {
	next := w.Registry.Handler
	w.Registry.Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		if method.Name == "CurrentTime" && ctx.Session != nil {
			ctx.Session.Registry.Put(w.clock)
		}
		return next(ctx, method)
	}
}
