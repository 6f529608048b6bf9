// Control requests that change hosts and virtual machines.

package control

import (
	"encoding/json"
	"fmt"

	"github.com/vmware/govmomi/simulator"
)

type setRequest struct {
	Object   string          `json:"object"`
	Property string          `json:"property"`
	Value    json.RawMessage `json:"value"`
}

func (e *Endpoint) set(request setRequest) (reply, error) {
	object, err := e.world.Find(request.Object)
	if err != nil {
		return nil, err
	}
	if err := e.world.Set(object, request.Property, request.Value); err != nil {
		return nil, badRequest{err}
	}
	return nil, nil
}

type vmotionRequest struct {
	VM   string `json:"vm"`
	Host string `json:"host"`
}

func (e *Endpoint) vmotion(request vmotionRequest) (reply, error) {
	vm, err := e.virtualMachine(request.VM)
	if err != nil {
		return nil, err
	}
	host, err := e.host(request.Host)
	if err != nil {
		return nil, err
	}
	return nil, e.world.Vmotion(vm, host)
}

type moveRequest struct {
	Host    string `json:"host"`
	Cluster string `json:"cluster"`
}

func (e *Endpoint) moveHost(request moveRequest) (reply, error) {
	host, err := e.host(request.Host)
	if err != nil {
		return nil, err
	}
	cluster, err := e.world.FindNamed("cluster", request.Cluster)
	if err != nil {
		return nil, err
	}
	e.world.MoveHost(host, cluster.(*simulator.ClusterComputeResource))
	return nil, nil
}

type maintenanceRequest struct {
	Host  string `json:"host"`
	State string `json:"state"`
}

func (e *Endpoint) maintenance(request maintenanceRequest) (reply, error) {
	host, err := e.host(request.Host)
	if err != nil {
		return nil, err
	}
	switch request.State {
	case "entering":
		e.world.BeginMaintenance(host)
	case "enter":
		e.world.EnterMaintenance(host)
	case "exit":
		e.world.ExitMaintenance(host)
	default:
		return nil, badRequest{fmt.Errorf("found state %q, want enter, entering or exit", request.State)}
	}
	return nil, nil
}

func (e *Endpoint) host(name string) (*simulator.HostSystem, error) {
	entity, err := e.world.FindNamed("host", name)
	if err != nil {
		return nil, err
	}
	return entity.(*simulator.HostSystem), nil
}

func (e *Endpoint) virtualMachine(name string) (*simulator.VirtualMachine, error) {
	entity, err := e.world.FindNamed("vm", name)
	if err != nil {
		return nil, err
	}
	return entity.(*simulator.VirtualMachine), nil
}
