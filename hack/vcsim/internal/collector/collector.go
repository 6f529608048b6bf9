// The PropertyCollector's methods.

package collector

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Collector is a PropertyCollector: the singleton, a session's view of it, or one that a client created.
// It is the simulator's in all that it does not override. The simulator makes a session's view by reflection,
// so the zero value must work.
type Collector struct {
	simulator.PropertyCollector

	hub   *Hub // set where we made it; hubOf finds it for a session's view
	found sync.Once

	mu       sync.Mutex // guards what follows, and the filters' state
	filters  []*Filter
	versions versions
	pending  *pages
	waiting  *wait
}

func (c *Collector) hubOf(ctx *simulator.Context) *Hub {
	c.found.Do(func() {
		if c.hub == nil {
			c.hub = ctx.Map.Get(c.Self).(*Collector).hub
		}
	})
	return c.hub
}

// CreatePropertyCollector makes a collector with filters and versions of its own.
func (c *Collector) CreatePropertyCollector(ctx *simulator.Context, _ *types.CreatePropertyCollector) soap.HasFault {
	created := &Collector{hub: c.hubOf(ctx)}
	created.Self.Type = "PropertyCollector" // the value is the session's to choose
	return &methods.CreatePropertyCollectorBody{Res: &types.CreatePropertyCollectorResponse{
		Returnval: ctx.Session.Put(created).Reference(),
	}}
}

// DestroyPropertyCollector ends the collector, its filters and a wait in flight.
func (c *Collector) DestroyPropertyCollector(ctx *simulator.Context, _ *types.DestroyPropertyCollector) soap.HasFault {
	c.mu.Lock()
	filters := c.filters
	c.filters, c.pending, c.versions = nil, nil, versions{}
	c.cancel()
	c.mu.Unlock()
	for _, filter := range filters {
		ctx.Session.Remove(ctx, filter.Self)
	}
	ctx.Session.Remove(ctx, c.Self)
	return &methods.DestroyPropertyCollectorBody{Res: new(types.DestroyPropertyCollectorResponse)}
}

// CreateFilter adds a filter; its objects come as enter in the next update.
func (c *Collector) CreateFilter(ctx *simulator.Context, r *types.CreateFilter) soap.HasFault {
	for _, object := range r.Spec.ObjectSet {
		if ctx.Session.Get(object.Obj) == nil {
			fault := &types.ManagedObjectNotFound{Obj: object.Obj}
			return &methods.CreateFilterBody{Fault_: simulator.Fault("The object has already been deleted or has not been completely created", fault)}
		}
	}
	hub := c.hubOf(ctx)
	filter := &Filter{collector: c, entered: map[reference]sequence{}}
	filter.Self.Type = "PropertyFilter"
	filter.Spec, filter.PartialUpdates = r.Spec, r.PartialUpdates
	ctx.Session.Put(filter)

	c.mu.Lock()
	c.filters = append(c.filters, filter)
	c.Filter = append(c.Filter, filter.Self)
	c.mu.Unlock()
	hub.Touch(filter.Self, "spec") // a new point in time, at which the members enter
	return &methods.CreateFilterBody{Res: &types.CreateFilterResponse{Returnval: filter.Self}}
}

func (c *Collector) drop(filter *Filter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.filters {
		if c.filters[i] == filter {
			c.filters = append(c.filters[:i:i], c.filters[i+1:]...)
			simulator.RemoveReference(&c.Filter, filter.Self)
			return
		}
	}
}

// CancelWaitForUpdates makes a wait in flight fail with RequestCanceled.
func (c *Collector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	return &methods.CancelWaitForUpdatesBody{Res: new(types.CancelWaitForUpdatesResponse)}
}

// cancel ends the wait in flight, if any. The caller holds the lock.
func (c *Collector) cancel() {
	if c.waiting != nil {
		c.waiting.end(new(types.RequestCanceled))
		c.waiting = nil
	}
}

// WaitForUpdatesEx answers with what is new since the version, waiting for it if need be. The newest wait wins:
// one that was in flight on the same collector fails with RequestCanceled.
func (c *Collector) WaitForUpdatesEx(ctx *simulator.Context, r *types.WaitForUpdatesEx) soap.HasFault {
	if r.Options != nil && (r.Options.MaxObjectUpdates < 0 || r.Options.MaxWaitSeconds != nil && *r.Options.MaxWaitSeconds < 0) {
		return waitFault(&types.InvalidArgument{InvalidProperty: "options"})
	}
	hub, w := c.hubOf(ctx), newWait(r.Options)
	hub.enter(w)
	defer hub.leave(w)
	c.begin(w)
	defer c.finish(w)
	for {
		set, next, fault := c.updates(ctx, w, r.Version)
		if fault != nil {
			return waitFault(fault)
		}
		if set != nil || w.once {
			return waitResult(set)
		}
		switch w.sleep(next) {
		case timedOut:
			return waitResult(nil)
		case ended:
			return waitFault(w.fault)
		case changed:
		}
	}
}

func (c *Collector) begin(w *wait) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	c.waiting = w
}

func (c *Collector) finish(w *wait) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == w {
		c.waiting = nil
	}
}

func waitResult(set *types.UpdateSet) soap.HasFault {
	return &methods.WaitForUpdatesExBody{Res: &types.WaitForUpdatesExResponse{Returnval: set}}
}

func waitFault(fault types.BaseMethodFault) soap.HasFault {
	return &methods.WaitForUpdatesExBody{Fault_: simulator.Fault("", fault)}
}

// WaitForUpdates is the deprecated form, which some clients still use.
func (c *Collector) WaitForUpdates(ctx *simulator.Context, r *types.WaitForUpdates) soap.HasFault {
	body := c.WaitForUpdatesEx(ctx, &types.WaitForUpdatesEx{This: r.This, Version: r.Version}).(*methods.WaitForUpdatesExBody)
	if body.Fault_ != nil {
		return &methods.WaitForUpdatesBody{Fault_: body.Fault_}
	}
	return &methods.WaitForUpdatesBody{Res: &types.WaitForUpdatesResponse{Returnval: *body.Res.Returnval}}
}
