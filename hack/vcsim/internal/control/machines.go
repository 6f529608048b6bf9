// Control requests that power, add and remove virtual machines.

package control

import (
	"encoding/json"
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

type powerRequest struct {
	VM    string `json:"vm"`
	State string `json:"state"`
}

func (e *Endpoint) power(request powerRequest) (reply, error) {
	vm, err := e.virtualMachine(request.VM)
	if err != nil {
		return nil, err
	}
	switch state := types.VirtualMachinePowerState(request.State); state {
	case types.VirtualMachinePowerStatePoweredOn, types.VirtualMachinePowerStatePoweredOff, types.VirtualMachinePowerStateSuspended:
		e.world.Power(vm, state)
		return nil, nil
	default:
		return nil, badRequest{fmt.Errorf("found state %q, want poweredOn, poweredOff or suspended", request.State)}
	}
}

type addRequest struct {
	Host string          `json:"host"`
	VM   json.RawMessage `json:"vm"`
}

func (e *Endpoint) addMachine(request addRequest) (reply, error) {
	host, err := e.host(request.Host)
	if err != nil {
		return nil, err
	}
	ref, err := e.world.AddVirtualMachine(host, request.VM)
	if err != nil {
		return nil, err
	}
	return map[string]string{"ref": ref.String()}, nil
}

type removeRequest struct {
	VM string `json:"vm"`
}

func (e *Endpoint) removeMachine(request removeRequest) (reply, error) {
	vm, err := e.virtualMachine(request.VM)
	if err != nil {
		return nil, err
	}
	e.world.RemoveVirtualMachine(vm)
	return nil, nil
}
