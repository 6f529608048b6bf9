// Moves a host, with its machines, to another cluster.

package inventory

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// MoveHost gives the host another parent and its machines the resource pool there, and tells watchers.
// Machines of a vApp stay with it.
func (w *World) MoveHost(host *simulator.HostSystem, to *simulator.ClusterComputeResource) {
	from := w.Registry.Get(*host.Parent).(*simulator.ClusterComputeResource)
	if from == to {
		return
	}
	old, pool := w.poolOf(host), w.Registry.Get(*to.ResourcePool).(*simulator.ResourcePool)
	w.write(host, "parent", to.Self)
	w.write(from, "host", without(from.Host, host.Self))
	w.write(to, "host", append(slices.Clone(to.Host), host.Self))
	for _, ref := range host.Vm {
		vm, ok := w.Registry.Get(ref).(*simulator.VirtualMachine)
		if !ok || *vm.ResourcePool != old.Self {
			continue
		}
		w.write(vm, "resourcePool", pool.Self)
		w.write(old, "vm", without(old.Vm, ref))
		w.write(pool, "vm", append(slices.Clone(pool.Vm), ref))
	}
}

func (w *World) write(object mo.Reference, property string, value any) {
	w.Registry.AtomicUpdate(w.NewContext(), object, []types.PropertyChange{{Name: property, Val: value}})
}
