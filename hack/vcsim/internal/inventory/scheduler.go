// The scheduled tasks of vCenter, of which the simulator itself knows nothing.

package inventory

import (
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

func (w *World) addScheduler() {
	w.Registry.Put(&mo.ScheduledTaskManager{Self: *w.Content().ScheduledTaskManager})
}

func (w *World) scheduler() *mo.ScheduledTaskManager {
	return w.Registry.Get(*w.Content().ScheduledTaskManager).(*mo.ScheduledTaskManager)
}

// PutScheduledTask creates the entity's scheduled task, or changes the one of the same name, and tells watchers.
func (w *World) PutScheduledTask(entity types.ManagedObjectReference, spec fleet.ScheduledTask) {
	ctx := w.NewContext()
	if task := w.FindScheduledTask(entity, spec.Name); task != nil {
		info := scheduledTaskInfo(task.Self, entity, spec)
		w.Registry.AtomicUpdate(ctx, task, []types.PropertyChange{{Name: "info", Val: info}})
		return
	}
	task := new(mo.ScheduledTask)
	task.Self = w.reference("ScheduledTask", "schedule")
	task.Info = scheduledTaskInfo(task.Self, entity, spec)
	w.Registry.Put(task)
	manager := w.scheduler()
	refs := append(slices.Clone(manager.ScheduledTask), task.Self)
	w.Registry.AtomicUpdate(ctx, manager, []types.PropertyChange{{Name: "scheduledTask", Val: refs}})
}

// RemoveScheduledTask takes the task away and tells watchers.
func (w *World) RemoveScheduledTask(task *mo.ScheduledTask) {
	ctx := w.NewContext()
	manager := w.scheduler()
	refs := slices.DeleteFunc(slices.Clone(manager.ScheduledTask), func(ref types.ManagedObjectReference) bool { return ref == task.Self })
	w.Registry.AtomicUpdate(ctx, manager, []types.PropertyChange{{Name: "scheduledTask", Val: refs}})
	w.Registry.Remove(ctx, task.Self)
}

// FindScheduledTask finds an entity's task by name; nil when there is none.
func (w *World) FindScheduledTask(entity types.ManagedObjectReference, name string) *mo.ScheduledTask {
	for _, task := range w.ScheduledTasks(entity) {
		if task.Info.Name == name {
			return task
		}
	}
	return nil
}

// ScheduledTasks are the tasks of one entity, in order of creation.
func (w *World) ScheduledTasks(entity types.ManagedObjectReference) []*mo.ScheduledTask {
	var tasks []*mo.ScheduledTask
	for _, ref := range w.scheduler().ScheduledTask {
		if task, ok := w.Registry.Get(ref).(*mo.ScheduledTask); ok && task.Info.Entity == entity {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

func scheduledTaskInfo(self, entity types.ManagedObjectReference, spec fleet.ScheduledTask) types.ScheduledTaskInfo {
	at := spec.NextRun
	return types.ScheduledTaskInfo{
		ScheduledTaskSpec: types.ScheduledTaskSpec{
			Name: spec.Name, Enabled: spec.Enabled,
			Scheduler: &types.OnceTaskScheduler{RunAt: &at},
			Action:    action(spec.Action),
		},
		ScheduledTask: self, Entity: entity, TaskObject: entity,
		LastModifiedTime: time.Now().UTC(), LastModifiedUser: "vcsim",
		NextRunTime: &at, State: types.TaskInfoStateQueued,
	}
}

const createTaskPrefix = "CreateTask:"

func action(text string) types.BaseAction {
	if id, ok := strings.CutPrefix(text, createTaskPrefix); ok {
		return &types.CreateTaskAction{TaskTypeId: id}
	}
	return &types.MethodAction{Name: text}
}

// ActionText is an action as a fleet file writes it.
func ActionText(action types.BaseAction) string {
	switch a := action.(type) {
	case *types.CreateTaskAction:
		return createTaskPrefix + a.TaskTypeId
	case *types.MethodAction:
		return a.Name
	default:
		return ""
	}
}
