// Control requests about scheduled tasks.

package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vmware/govmomi/vim25/mo"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
	"gpuinfo.example.com/hack/vcsim/internal/inventory"
)

// owner names a host, a cluster, a datacenter or any object such as folder/ml: only one of them.
type owner struct {
	Host       string `json:"host,omitempty"`
	Cluster    string `json:"cluster,omitempty"`
	Datacenter string `json:"datacenter,omitempty"`
	Object     string `json:"object,omitempty"`
}

type taskRequest struct {
	owner
	Name    string  `json:"name"`
	Action  *string `json:"action,omitempty"`
	At      *string `json:"at,omitempty"`
	Enabled *bool   `json:"enabled,omitempty"`
}

// putTask creates a task, or changes what is given of the one of that name.
func (e *Endpoint) putTask(request taskRequest) (reply, error) {
	entity, err := e.owner(request.owner)
	if err != nil {
		return nil, err
	}
	if existing := e.world.FindScheduledTask(entity.Reference(), request.Name); existing != nil {
		request.keep(existing)
	}
	request.owner = owner{}
	text, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	task, err := fleet.ParseScheduledTask(text, time.Now())
	if err != nil {
		return nil, err
	}
	e.world.PutScheduledTask(entity.Reference(), *task)
	return map[string]any{"nextRunTime": task.NextRun}, nil
}

// keep fills in what the request leaves out.
func (r *taskRequest) keep(existing *mo.ScheduledTask) {
	if r.Action == nil {
		action := inventory.ActionText(existing.Info.Action)
		r.Action = &action
	}
	if r.Enabled == nil {
		r.Enabled = &existing.Info.Enabled
	}
	if r.At == nil && existing.Info.NextRunTime != nil {
		at := existing.Info.NextRunTime.Format(time.RFC3339Nano)
		r.At = &at
	}
}

type taskName struct {
	owner
	Name string `json:"name"`
}

func (e *Endpoint) removeTask(request taskName) (reply, error) {
	entity, err := e.owner(request.owner)
	if err != nil {
		return nil, err
	}
	task := e.world.FindScheduledTask(entity.Reference(), request.Name)
	if task == nil {
		return nil, notFound(fmt.Sprintf("found no scheduled task %q of %s", request.Name, entity.Entity().Name))
	}
	e.world.RemoveScheduledTask(task)
	return nil, nil
}

func (e *Endpoint) owner(o owner) (mo.Entity, error) {
	switch {
	case o == owner{Host: o.Host} && o.Host != "":
		return e.world.FindNamed("host", o.Host)
	case o == owner{Cluster: o.Cluster} && o.Cluster != "":
		return e.world.FindNamed("cluster", o.Cluster)
	case o == owner{Datacenter: o.Datacenter} && o.Datacenter != "":
		return e.world.FindNamed("datacenter", o.Datacenter)
	case o == owner{Object: o.Object} && o.Object != "":
		return e.entity(o.Object)
	default:
		return nil, badRequest{errors.New("found none or several of host, cluster, datacenter and object, want one of them")}
	}
}

// entity finds an object of the inventory, which a session or a manager is not.
func (e *Endpoint) entity(object string) (mo.Entity, error) {
	found, err := e.world.Find(object)
	if err != nil {
		return nil, err
	}
	if entity, ok := found.(mo.Entity); ok {
		return entity, nil
	}
	return nil, badRequest{fmt.Errorf("found object %q, want one that is in the inventory tree", object)}
}
