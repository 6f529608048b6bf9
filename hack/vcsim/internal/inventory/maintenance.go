// Maintenance mode of hosts, with the task that shows while a host enters it.

package inventory

import (
	"slices"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// enterMaintenanceID is the description id under which vCenter shows a host's way into maintenance.
const enterMaintenanceID = "HostSystem.enterMaintenanceMode"

// BeginMaintenance shows a running task in the host's recentTask. The property stays unset, as vCenter leaves it.
func (w *World) BeginMaintenance(host *simulator.HostSystem) {
	if len(w.enteringTasks(host)) > 0 {
		return
	}
	now := time.Now().UTC()
	task := new(simulator.Task)
	task.Self = w.reference("Task", "task-maintenance")
	entity := host.Self
	task.Info = types.TaskInfo{
		Key: task.Self.Value, Task: task.Self, Name: "EnterMaintenanceMode_Task", DescriptionId: enterMaintenanceID,
		Entity: &entity, EntityName: host.Name, State: types.TaskInfoStateRunning, Cancelable: true,
		Reason: &types.TaskReasonUser{UserName: "vcsim"}, QueueTime: now, StartTime: &now,
	}
	w.Registry.Put(task) // the simulator adds it to recentTask of the host and of the task manager
}

// EnterMaintenance sets the property and ends the running task.
func (w *World) EnterMaintenance(host *simulator.HostSystem) {
	w.setMaintenance(host, true)
	for _, task := range w.enteringTasks(host) {
		w.endTask(task, types.TaskInfoStateSuccess)
	}
}

// ExitMaintenance clears the property, cancels a task that still runs and takes it out of recentTask.
func (w *World) ExitMaintenance(host *simulator.HostSystem) {
	for _, task := range w.enteringTasks(host) {
		w.endTask(task, types.TaskInfoStateError)
	}
	w.forgetMaintenanceTasks(host)
	w.setMaintenance(host, false)
}

func (w *World) setMaintenance(host *simulator.HostSystem, in bool) {
	w.Registry.AtomicUpdate(w.NewContext(), host, []types.PropertyChange{{Name: "runtime.inMaintenanceMode", Val: in}})
}

// enteringTasks are the host's running tasks of that kind.
func (w *World) enteringTasks(host *simulator.HostSystem) []*simulator.Task {
	var running []*simulator.Task
	for _, ref := range w.recentTasks(host) {
		task, ok := w.Registry.Get(ref).(*simulator.Task)
		if ok && task.Info.DescriptionId == enterMaintenanceID && task.Info.State == types.TaskInfoStateRunning {
			running = append(running, task)
		}
	}
	return running
}

func (w *World) endTask(task *simulator.Task, state types.TaskInfoState) {
	now := time.Now().UTC()
	changes := []types.PropertyChange{{Name: "info.completeTime", Val: now}, {Name: "info.state", Val: state}}
	if state == types.TaskInfoStateError {
		changes = append(changes,
			types.PropertyChange{Name: "info.cancelled", Val: true},
			types.PropertyChange{Name: "info.error", Val: types.LocalizedMethodFault{Fault: new(types.RequestCanceled)}})
	}
	w.Registry.AtomicUpdate(w.NewContext(), task, changes)
}

func (w *World) forgetMaintenanceTasks(host *simulator.HostSystem) {
	recent := w.recentTasks(host)
	kept := slices.DeleteFunc(slices.Clone(recent), func(ref types.ManagedObjectReference) bool {
		task, ok := w.Registry.Get(ref).(*simulator.Task)
		return ok && task.Info.DescriptionId == enterMaintenanceID
	})
	if len(kept) != len(recent) {
		w.Registry.AtomicUpdate(w.NewContext(), host, []types.PropertyChange{{Name: "recentTask", Val: kept}})
	}
}

func (w *World) recentTasks(host *simulator.HostSystem) (refs []types.ManagedObjectReference) {
	w.Registry.WithLock(w.NewContext(), host, func() { refs = slices.Clone(host.RecentTask) })
	return refs
}
