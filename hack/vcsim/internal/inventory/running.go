// Tasks of any kind in an object's recentTask.

package inventory

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

func (w *World) putRunningTasks(entity mo.Entity, specs []fleet.RunningTask) {
	for _, spec := range specs {
		w.PutRunningTask(entity, spec)
	}
}

// PutRunningTask shows a task in the entity's recentTask, or gives the one of that kind the state, and tells watchers.
func (w *World) PutRunningTask(entity mo.Entity, spec fleet.RunningTask) {
	state := types.TaskInfoState(spec.State)
	if task := w.findTask(entity, spec.DescriptionID); task != nil {
		w.Registry.AtomicUpdate(w.NewContext(), task, []types.PropertyChange{{Name: "info.state", Val: state}})
		return
	}
	now, ref := time.Now().UTC(), entity.Reference()
	task := new(simulator.Task)
	task.Self = w.reference("Task", "task-running")
	task.Info = types.TaskInfo{
		Key: task.Self.Value, Task: task.Self, DescriptionId: spec.DescriptionID,
		Entity: &ref, EntityName: entity.Entity().Name, State: state,
		Reason: &types.TaskReasonUser{UserName: "vcsim"}, QueueTime: now, StartTime: &now,
	}
	w.Registry.Put(task) // the simulator adds it to recentTask of the entity and of the task manager
}

func (w *World) findTask(entity mo.Entity, descriptionID string) *simulator.Task {
	var recent []types.ManagedObjectReference
	w.Registry.WithLock(w.NewContext(), entity, func() { recent = entity.Entity().RecentTask })
	for _, ref := range recent {
		if task, ok := w.Registry.Get(ref).(*simulator.Task); ok && task.Info.DescriptionId == descriptionID {
			return task
		}
	}
	return nil
}
