// Moves a virtual machine to another host.

package inventory

import (
	"fmt"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// ConflictError says why vCenter would not do it.
type ConflictError struct{ message string }

func (e *ConflictError) Error() string { return e.message }

// Vmotion moves the machine, as vMotion does when it runs, and tells watchers of the machine and of both hosts.
func (w *World) Vmotion(vm *simulator.VirtualMachine, to *simulator.HostSystem) error {
	if err := w.movable(vm, to); err != nil {
		return err
	}
	from, _ := w.hostOf(vm)
	if from == to {
		return nil
	}
	ctx := w.NewContext()
	changes := []types.PropertyChange{{Name: "runtime.host", Val: to.Self}, {Name: "summary.runtime.host", Val: to.Self}}
	changes = append(changes, w.changePool(vm, from, to)...)
	w.Registry.AtomicUpdate(ctx, vm, changes)
	if from != nil {
		w.setMembers(from, func(refs []types.ManagedObjectReference) []types.ManagedObjectReference {
			return without(refs, vm.Self)
		})
	}
	w.setMembers(to, func(refs []types.ManagedObjectReference) []types.ManagedObjectReference {
		return append(without(refs, vm.Self), vm.Self)
	})
	return nil
}

func (w *World) changePool(vm *simulator.VirtualMachine, from, to *simulator.HostSystem) []types.PropertyChange {
	if from == nil || *from.Parent == *to.Parent {
		return nil
	}
	old, pool, ctx := w.poolOf(from), w.poolOf(to), w.NewContext()
	w.Registry.RemoveReference(ctx, old, &old.Vm, vm.Self)
	w.Registry.AppendReference(ctx, pool, &pool.Vm, vm.Self)
	return []types.PropertyChange{{Name: "resourcePool", Val: pool.Self}}
}

// movable knows the two reasons that matter here: cards that do not travel, and profiles that the other host lacks.
func (w *World) movable(vm *simulator.VirtualMachine, to *simulator.HostSystem) error {
	spec, target := w.machines[vm.Self], w.hosts[to.Self]
	if spec == nil || target == nil {
		return nil // made over SOAP: nothing is known of it here
	}
	var source *fleet.Host
	if from, hosted := w.hostOf(vm); hosted {
		source = w.hosts[from.Self]
	}
	running := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
	for _, gpu := range spec.GPUs {
		if running && gpu.Kind != fleet.KindVgpu {
			return &ConflictError{fmt.Sprintf("vm %s holds a passthrough device and is powered on, want it powered off before it moves", spec.Name)}
		}
		if running && gpu.MigrateSupported.Or(source.MigrateSupported(gpu.Profile)) == fleet.No {
			return &ConflictError{fmt.Sprintf("vm %s holds a vGPU that vMotion does not move and is powered on, want it powered off before it moves", spec.Name)}
		}
	}
	if err := fleet.FitsHost(spec, target); err != nil {
		return &ConflictError{err.Error()}
	}
	return nil
}

func without(refs []types.ManagedObjectReference, gone types.ManagedObjectReference) []types.ManagedObjectReference {
	return slices.DeleteFunc(slices.Clone(refs), func(ref types.ManagedObjectReference) bool { return ref == gone })
}
