// Makes the PCI passthrough devices of a virtual machine.

package inventory

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// firstPassthroughKey is where vSphere starts numbering passthrough devices.
const firstPassthroughKey = 13000

func passthroughs(spec *fleet.VirtualMachine, host *fleet.Host) []types.BaseVirtualDevice {
	devices := make([]types.BaseVirtualDevice, 0, len(spec.GPUs))
	for i, gpu := range spec.GPUs {
		gpu = withCardIDs(gpu, host)
		devices = append(devices, &types.VirtualPCIPassthrough{VirtualDevice: types.VirtualDevice{
			Key: firstPassthroughKey + int32(i), ControllerKey: 100, UnitNumber: types.NewInt32(18 + int32(i)),
			DeviceInfo: &types.Description{Label: fmt.Sprintf("PCI device %d", i), Summary: summaryOf(gpu)},
			Backing:    backing(gpu, spec.Power == "poweredOn"),
		}})
	}
	return devices
}

// withCardIDs looks up the vendor and device of a fixed card in its host.
func withCardIDs(gpu fleet.VMGPU, host *fleet.Host) fleet.VMGPU {
	if gpu.Kind != fleet.KindPassthrough {
		return gpu
	}
	for _, card := range host.Devices() {
		if card.PciID == gpu.PciID {
			gpu.VendorID, gpu.DeviceID = card.VendorID, card.DeviceID
		}
	}
	return gpu
}

func summaryOf(gpu fleet.VMGPU) string {
	if gpu.Kind == fleet.KindVgpu {
		return "NVIDIA GRID vGPU " + gpu.Profile
	}
	return "PCI device " + gpu.PciID + gpu.AssignedPciID
}

func backing(gpu fleet.VMGPU, running bool) types.BaseVirtualDeviceBackingInfo {
	switch gpu.Kind {
	case fleet.KindVgpu:
		return &types.VirtualPCIPassthroughVmiopBackingInfo{Vgpu: gpu.Profile, MigrateSupported: types.NewBool(true)}
	case fleet.KindDynamic:
		info := &types.VirtualPCIPassthroughDynamicBackingInfo{
			AllowedDevice: []types.VirtualPCIPassthroughAllowedDevice{{VendorId: int32(gpu.VendorID), DeviceId: int32(gpu.DeviceID)}},
		}
		if running { // vCenter says which card only while the machine runs
			info.AssignedId = gpu.AssignedPciID
		}
		return info
	default:
		return &types.VirtualPCIPassthroughDeviceBackingInfo{
			Id: gpu.PciID, DeviceId: gpu.DeviceID.String()[2:], VendorId: gpu.VendorID.Short(), SystemId: "BYPASS",
		}
	}
}

// gpusOf reads passthrough devices back into the words of the fleet file.
func gpusOf(devices []types.BaseVirtualDevice) []fleet.VMGPU {
	gpus := []fleet.VMGPU{}
	for _, device := range devices {
		switch b := device.GetVirtualDevice().Backing.(type) {
		case *types.VirtualPCIPassthroughVmiopBackingInfo:
			gpus = append(gpus, fleet.VMGPU{Kind: fleet.KindVgpu, Profile: b.Vgpu})
		case *types.VirtualPCIPassthroughDeviceBackingInfo:
			gpus = append(gpus, fleet.VMGPU{Kind: fleet.KindPassthrough, PciID: b.Id})
		case *types.VirtualPCIPassthroughDynamicBackingInfo:
			gpu := fleet.VMGPU{Kind: fleet.KindDynamic, AssignedPciID: b.AssignedId}
			if len(b.AllowedDevice) > 0 {
				gpu.VendorID, gpu.DeviceID = fleet.HexID(b.AllowedDevice[0].VendorId), fleet.HexID(b.AllowedDevice[0].DeviceId)
			}
			gpus = append(gpus, gpu)
		}
	}
	return gpus
}
