// Makes a virtual machine out of its lines in the fleet file.

package inventory

import (
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

const uptime = 3 * 24 * time.Hour

// escapeName writes a name as vCenter keeps it: only these three are escaped. unescapeName is its inverse.
var (
	escapeName   = strings.NewReplacer("%", "%25", "/", "%2f", `\`, "%5c").Replace
	unescapeName = strings.NewReplacer("%25", "%", "%2f", "/", "%5c", `\`).Replace
)

func (w *World) addVirtualMachine(t template, host *simulator.HostSystem, spec *fleet.VirtualMachine) *simulator.VirtualMachine {
	vm := cloneVirtualMachine(t.machine)
	vm.Self = w.reference("VirtualMachine", "vm")
	vm.Summary.Vm = &vm.Self
	describeMachine(vm, spec)
	describeRuntime(vm, spec, host.Self)
	vm.Config.Hardware.Device = append(clipped(vm.Config.Hardware.Device), passthroughs(spec, w.hosts[host.Self])...)

	if spec.OnNoHost {
		vm.Runtime.Host, vm.Summary.Runtime.Host = nil, nil
	} else {
		w.Registry.AppendReference(w.NewContext(), host, &host.Vm, vm.Self)
	}
	if spec.VApp != "" {
		w.putInVApp(w.vAppOf(host, spec.VApp), vm)
	} else {
		w.putInFolder(w.folderAt(t.vmFolder, spec.Folder), w.poolOf(host), vm)
	}
	w.machines[vm.Self] = spec
	return vm
}

func (w *World) putInFolder(folder *simulator.Folder, pool *simulator.ResourcePool, vm *simulator.VirtualMachine) {
	ctx := w.NewContext()
	vm.ResourcePool, vm.ParentVApp = &pool.Self, nil
	w.Registry.AppendReference(ctx, pool, &pool.Vm, vm.Self)
	w.Registry.AppendReference(ctx, folder, &folder.ChildEntity, vm.Self)
	w.Registry.PutEntity(folder, vm)
}

func (w *World) poolOf(host *simulator.HostSystem) *simulator.ResourcePool {
	cluster := w.Registry.Get(*host.Parent).(*simulator.ClusterComputeResource)
	return w.Registry.Get(*cluster.ResourcePool).(*simulator.ResourcePool)
}

// cloneVirtualMachine copies every pointer that an update or a reconfiguration writes through.
func cloneVirtualMachine(source *simulator.VirtualMachine) *simulator.VirtualMachine {
	vm := &simulator.VirtualMachine{VirtualMachine: source.VirtualMachine}
	vm.Config = clone(source.Config)
	vm.Config.CpuAllocation = clone(source.Config.CpuAllocation)
	vm.Config.MemoryAllocation = clone(source.Config.MemoryAllocation)
	vm.Guest = clone(source.Guest)
	vm.Summary.Guest = clone(source.Summary.Guest)
	vm.RecentTask = nil
	return vm
}

func describeMachine(vm *simulator.VirtualMachine, spec *fleet.VirtualMachine) {
	vm.Name = escapeName(spec.Name)
	config := vm.Config
	config.Name, config.Uuid, config.InstanceUuid, config.Template = vm.Name, spec.UUID, spec.InstanceUUID, spec.Template
	config.Hardware.NumCPU, config.Hardware.MemoryMB = spec.NumCPU, spec.MemoryMib
	config.MemoryReservationLockedToMax = types.NewBool(len(spec.GPUs) > 0)

	summary := &vm.Summary.Config
	summary.Name, summary.Uuid, summary.InstanceUuid, summary.Template = vm.Name, spec.UUID, spec.InstanceUUID, spec.Template
	summary.NumCpu, summary.MemorySizeMB = spec.NumCPU, spec.MemoryMib
}

func describeRuntime(vm *simulator.VirtualMachine, spec *fleet.VirtualMachine, host types.ManagedObjectReference) {
	vm.Runtime.Host = &host
	vm.Runtime.ConnectionState = types.VirtualMachineConnectionStateConnected
	state := powerState(types.VirtualMachinePowerState(spec.Power), spec)
	vm.Runtime.PowerState, vm.Runtime.BootTime = state.power, state.bootTime
	vm.Summary.Runtime = vm.Runtime
	vm.Guest.HostName, vm.Summary.Guest.HostName = state.guestHostName, state.guestHostName
	vm.GuestHeartbeatStatus = state.heartbeat
	vm.Summary.QuickStats = state.quickStats
}

// state is what depends on whether the machine runs.
type state struct {
	power         types.VirtualMachinePowerState
	bootTime      *time.Time
	guestHostName string
	heartbeat     types.ManagedEntityStatus
	quickStats    types.VirtualMachineQuickStats
}

func powerState(power types.VirtualMachinePowerState, spec *fleet.VirtualMachine) state {
	if power != types.VirtualMachinePowerStatePoweredOn {
		return state{
			power:      power,
			heartbeat:  types.ManagedEntityStatusGray,
			quickStats: types.VirtualMachineQuickStats{GuestHeartbeatStatus: types.ManagedEntityStatusGray},
		}
	}
	on := state{power: power, bootTime: startOf(uptime), guestHostName: spec.GuestHostName, heartbeat: types.ManagedEntityStatusGreen}
	if spec.GuestHostName == "" {
		on.heartbeat = types.ManagedEntityStatusGray // no VMware Tools
	}
	on.quickStats = types.VirtualMachineQuickStats{
		OverallCpuDemand: spec.CPUDemandMhz, OverallCpuUsage: spec.CPUDemandMhz,
		GuestMemoryUsage: spec.GuestMemoryMib, HostMemoryUsage: spec.MemoryMib,
		GuestHeartbeatStatus: on.heartbeat, UptimeSeconds: int32(uptime / time.Second),
	}
	return on
}

// clipped makes append copy, because clones share the source's devices.
func clipped(devices []types.BaseVirtualDevice) []types.BaseVirtualDevice {
	return devices[:len(devices):len(devices)]
}
