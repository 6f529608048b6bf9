// Adds and removes virtual machines while the simulator runs.

package inventory

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// AddVirtualMachine makes a machine on the host, from JSON as in the fleet file, and tells watchers.
func (w *World) AddVirtualMachine(host *simulator.HostSystem, vmJSON json.RawMessage) (types.ManagedObjectReference, error) {
	var none types.ManagedObjectReference
	spec := w.hosts[host.Self]
	if spec == nil {
		return none, &ConflictError{fmt.Sprintf("host %s is not of the fleet file, want one that is", host.Name)}
	}
	vm, err := fleet.ParseVirtualMachine(vmJSON, spec)
	if err != nil {
		return none, err
	}
	for ref, other := range w.machines {
		if other.InstanceUUID == vm.InstanceUUID {
			return none, &ConflictError{fmt.Sprintf("found instanceUuid %s again, want it only once (it is %s, %s)", vm.InstanceUUID, other.Name, ref)}
		}
	}
	added := w.addVirtualMachine(w.templateOf(host), host, vm)
	w.setMembers(host, func(refs []types.ManagedObjectReference) []types.ManagedObjectReference { return refs })
	return added.Self, nil
}

// RemoveVirtualMachine deletes the machine and tells watchers.
func (w *World) RemoveVirtualMachine(vm *simulator.VirtualMachine) {
	ctx := w.NewContext()
	switch pool := w.Registry.Get(*vm.ResourcePool).(type) {
	case *simulator.ResourcePool:
		w.Registry.RemoveReference(ctx, pool, &pool.Vm, vm.Self)
	case *simulator.VirtualApp:
		w.Registry.RemoveReference(ctx, pool, &pool.Vm, vm.Self)
	}
	if vm.Parent != nil {
		folder := w.Registry.Get(*vm.Parent).(*simulator.Folder)
		w.Registry.RemoveReference(ctx, folder, &folder.ChildEntity, vm.Self)
	}
	delete(w.machines, vm.Self)
	w.Registry.Remove(ctx, vm.Self)
	if host, hosted := w.hostOf(vm); hosted {
		w.setMembers(host, func(refs []types.ManagedObjectReference) []types.ManagedObjectReference {
			return without(refs, vm.Self)
		})
	}
}

// setMembers changes the host's list of machines and tells watchers.
func (w *World) setMembers(host *simulator.HostSystem, change func([]types.ManagedObjectReference) []types.ManagedObjectReference) {
	ctx := w.NewContext()
	w.Registry.WithLock(ctx, host, func() {
		w.Registry.Update(ctx, host, []types.PropertyChange{{Name: "vm", Val: change(slices.Clone(host.Vm))}})
	})
}

func (w *World) hostOf(vm *simulator.VirtualMachine) (*simulator.HostSystem, bool) {
	if vm.Runtime.Host == nil {
		return nil, false
	}
	host, ok := w.Registry.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	return host, ok
}

// templateOf climbs from the host to its datacenter.
func (w *World) templateOf(host *simulator.HostSystem) template {
	ref := *host.Parent
	for ref.Type != "Datacenter" {
		ref = *w.Registry.Get(ref).(mo.Entity).Entity().Parent
	}
	return w.templates[ref]
}
