// Control requests about what foretells maintenance besides scheduled tasks: attributes, running tasks, the clock.

package control

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

type attributeRequest struct {
	Object string  `json:"object"`
	Name   string  `json:"name"`
	Value  *string `json:"value"`
}

func (e *Endpoint) setAttribute(request attributeRequest) (reply, error) {
	entity, err := e.entity(request.Object)
	if err != nil {
		return nil, err
	}
	if request.Name == "" || request.Value == nil {
		return nil, badRequest{errors.New("found no name or no value, want both; a value may be empty")}
	}
	value, err := fleet.ResolveTimes(*request.Value, time.Now())
	if err != nil {
		return nil, badRequest{err}
	}
	e.world.SetAttribute(entity.Reference(), request.Name, value)
	return map[string]string{"value": value}, nil
}

type runningTaskRequest struct {
	Object        string `json:"object"`
	DescriptionID string `json:"descriptionId"`
	State         string `json:"state"`
}

var taskStates = []string{"queued", "running", "success", "error"}

func (e *Endpoint) putRunningTask(request runningTaskRequest) (reply, error) {
	entity, err := e.entity(request.Object)
	if err != nil {
		return nil, err
	}
	if request.DescriptionID == "" || !slices.Contains(taskStates, request.State) {
		return nil, badRequest{fmt.Errorf("found descriptionId %q and state %q, want an id and one of %v", request.DescriptionID, request.State, taskStates)}
	}
	e.world.PutRunningTask(entity, fleet.RunningTask{DescriptionID: request.DescriptionID, State: request.State})
	return nil, nil
}

type clockRequest struct {
	Skew string `json:"skew"`
}

// setClock takes "in 5m", "5m ago", or nothing for the right time.
func (e *Endpoint) setClock(request clockRequest) (reply, error) {
	now := time.Now()
	at := now
	if request.Skew != "" {
		var err error
		if at, err = fleet.ParseWhen(request.Skew, now); err != nil {
			return nil, badRequest{err}
		}
	}
	e.world.SetClock(at.Sub(now))
	return nil, nil
}
