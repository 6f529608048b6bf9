// Package collector is a PropertyCollector that behaves as vCenter's and scales in updates.
//
// The simulator's own reads every object of a filter again for every change. This one keeps a journal of what
// changed, reads only that, numbers its versions and can go back to any complete version that it gave out.
package collector

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Hub hears of every change in the registry and wakes the waiting collectors.
type Hub struct {
	mu      sync.Mutex
	journal journal
	changed chan struct{} // closed at the next change
	waits   map[*wait]struct{}
	denied  map[types.ManagedObjectReference][]string
}

// Install puts the collector in the place of the simulator's.
func Install(registry *simulator.Registry, singleton types.ManagedObjectReference) *Hub {
	hub := &Hub{
		changed: make(chan struct{}),
		waits:   map[*wait]struct{}{},
		denied:  map[types.ManagedObjectReference][]string{},
	}
	collector := &Collector{hub: hub}
	collector.Self = singleton
	registry.Put(collector)
	registry.AddHandler(hub)
	registry.Handler = hub.overrideFields
	return hub
}

// Reference is the hub's key among the registry's handlers.
func (h *Hub) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "ChangeHub", Value: "ChangeHub"}
}

// PutObject is called by the registry for a new object.
func (h *Hub) PutObject(_ *simulator.Context, object mo.Reference) {
	h.record(change{ref: object.Reference(), kind: managedType(object)})
}

// UpdateObject is called by the registry after properties were written.
func (h *Hub) UpdateObject(_ *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	if paths := writtenPaths(changes); len(paths) > 0 {
		h.record(change{ref: object.Reference(), kind: managedType(object), paths: paths})
	}
	if task, ok := object.(*mo.Task); ok {
		h.recordOutcome(task)
	}
}

// RemoveObject is called by the registry before an object goes.
func (h *Hub) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	h.record(change{ref: ref})
}

// outcomes are the simulator's tasks that write a property without telling anybody; vCenter does tell.
var outcomes = map[string]string{
	"HostSystem.enterMaintenanceMode": "runtime.inMaintenanceMode",
	"HostSystem.exitMaintenanceMode":  "runtime.inMaintenanceMode",
	"HostSystem.disconnectHost":       "runtime.connectionState",
	"HostSystem.reconnectHost":        "runtime.connectionState",
}

func (h *Hub) recordOutcome(task *mo.Task) {
	path := outcomes[task.Info.DescriptionId]
	if path != "" && task.Info.State == types.TaskInfoStateSuccess {
		h.Touch(*task.Info.Entity, path)
	}
}

// Touch records that an entity's properties were written, for writers that do not tell the registry.
func (h *Hub) Touch(ref types.ManagedObjectReference, paths ...string) {
	h.record(change{ref: ref, paths: paths})
}

func (h *Hub) record(c change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.journal.add(c)
	close(h.changed)
	h.changed = make(chan struct{})
}

// since is what happened after a point.
func (h *Hub) since(point sequence) excerpt {
	h.mu.Lock()
	defer h.mu.Unlock()
	news := h.journal.since(point)
	news.next = h.changed
	return news
}

// EndWaits makes every wait in flight fail with NotAuthenticated, as when its session ends.
func (h *Hub) EndWaits() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.waits {
		w.end(&types.NotAuthenticated{NoPermission: types.NoPermission{PrivilegeId: "System.View"}})
	}
}

func (h *Hub) enter(w *wait) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waits[w] = struct{}{}
}

func (h *Hub) leave(w *wait) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waits, w)
}
