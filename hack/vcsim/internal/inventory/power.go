// Powers virtual machines on and off.

package inventory

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// Power changes the machine's power state and all that hangs on it: guest name, heartbeat, usage, assigned cards.
func (w *World) Power(vm *simulator.VirtualMachine, power types.VirtualMachinePowerState) {
	spec := w.machines[vm.Self]
	if spec == nil { // made over SOAP
		spec = &fleet.VirtualMachine{}
	}
	to := powerState(power, spec)
	changes := []types.PropertyChange{
		{Name: "runtime.powerState", Val: to.power},
		{Name: "summary.runtime.powerState", Val: to.power},
		{Name: "runtime.bootTime", Val: optional(to.bootTime)},
		{Name: "summary.runtime.bootTime", Val: optional(to.bootTime)},
		{Name: "guest.hostName", Val: to.guestHostName},
		{Name: "summary.guest.hostName", Val: to.guestHostName},
		{Name: "guestHeartbeatStatus", Val: to.heartbeat},
		{Name: "summary.quickStats", Val: to.quickStats},
	}
	if devices, moved := w.assignedWhile(vm, spec, power); moved {
		changes = append(changes, types.PropertyChange{Name: "config.hardware.device", Val: devices})
	}
	w.Registry.AtomicUpdate(w.NewContext(), vm, changes)
}

// optional keeps a nil pointer from becoming a value that is not nil.
func optional[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

// assignedWhile are the devices with the cards that Dynamic DirectPath I/O assigns in that power state.
func (w *World) assignedWhile(vm *simulator.VirtualMachine, spec *fleet.VirtualMachine, power types.VirtualMachinePowerState) ([]types.BaseVirtualDevice, bool) {
	devices := slices.Clone(vm.Config.Hardware.Device)
	moved := false
	for i, device := range devices {
		card, ok := device.(*types.VirtualPCIPassthrough)
		if !ok {
			continue
		}
		if _, dynamic := card.Backing.(*types.VirtualPCIPassthroughDynamicBackingInfo); !dynamic {
			continue
		}
		at := int(card.Key - firstPassthroughKey)
		if at < 0 || at >= len(spec.GPUs) {
			continue
		}
		changed := *card
		changed.Backing = backing(spec.GPUs[at], power == types.VirtualMachinePowerStatePoweredOn)
		devices[i], moved = &changed, true
	}
	return devices, moved
}
