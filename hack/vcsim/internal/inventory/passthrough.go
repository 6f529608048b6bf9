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
		gpu = asHostHas(gpu, host)
		device := types.VirtualDevice{
			Key: firstPassthroughKey + int32(i), ControllerKey: 100, UnitNumber: types.NewInt32(18 + int32(i)),
			DeviceInfo: &types.Description{Label: fmt.Sprintf("PCI device %d", i), Summary: summaryOf(gpu)},
		}
		if gpu.Kind == fleet.KindSriov {
			devices = append(devices, networkCard(device, gpu))
			continue
		}
		device.Backing = backing(gpu, spec.Power == "poweredOn")
		devices = append(devices, &types.VirtualPCIPassthrough{VirtualDevice: device})
	}
	return devices
}

// networkCard is a share of a network card: its PCI function is not in the device's own backing.
func networkCard(device types.VirtualDevice, gpu fleet.VMGPU) types.BaseVirtualDevice {
	device.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"},
	}
	card := &types.VirtualSriovEthernetCard{SriovBacking: &types.VirtualSriovEthernetCardSriovBackingInfo{
		PhysicalFunctionBacking: fixedBacking(gpu),
	}}
	card.VirtualDevice = device
	return card
}

// asHostHas looks up in the host what the machine's lines leave out: vendor and device of a card, vMotion of a profile.
func asHostHas(gpu fleet.VMGPU, host *fleet.Host) fleet.VMGPU {
	gpu.MigrateSupported = gpu.MigrateSupported.Or(host.MigrateSupported(gpu.Profile))
	if gpu.Kind != fleet.KindPassthrough && gpu.Kind != fleet.KindSriov {
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
		return &types.VirtualPCIPassthroughVmiopBackingInfo{Vgpu: gpu.Profile, MigrateSupported: gpu.MigrateSupported.Flag()}
	case fleet.KindDvx:
		return &types.VirtualPCIPassthroughDvxBackingInfo{DeviceClass: gpu.DeviceClass}
	case fleet.KindDynamic:
		info := &types.VirtualPCIPassthroughDynamicBackingInfo{
			AllowedDevice: []types.VirtualPCIPassthroughAllowedDevice{{VendorId: int32(gpu.VendorID), DeviceId: int32(gpu.DeviceID)}},
		}
		if running { // vCenter says which card only while the machine runs
			info.AssignedId = gpu.AssignedPciID
		}
		return info
	default:
		return fixedBacking(gpu)
	}
}

func fixedBacking(gpu fleet.VMGPU) *types.VirtualPCIPassthroughDeviceBackingInfo {
	return &types.VirtualPCIPassthroughDeviceBackingInfo{
		Id: gpu.PciID, DeviceId: gpu.DeviceID.String()[2:], VendorId: gpu.VendorID.Short(), SystemId: "BYPASS",
	}
}

// gpusOf reads passthrough devices back into the words of the fleet file.
func gpusOf(devices []types.BaseVirtualDevice) []fleet.VMGPU {
	gpus := []fleet.VMGPU{}
	for _, device := range devices {
		if card, ok := device.(*types.VirtualSriovEthernetCard); ok && card.SriovBacking != nil {
			gpus = append(gpus, fleet.VMGPU{Kind: fleet.KindSriov, PciID: card.SriovBacking.PhysicalFunctionBacking.Id})
			continue
		}
		switch b := device.GetVirtualDevice().Backing.(type) {
		case *types.VirtualPCIPassthroughVmiopBackingInfo:
			gpus = append(gpus, fleet.VMGPU{Kind: fleet.KindVgpu, Profile: b.Vgpu})
		case *types.VirtualPCIPassthroughDvxBackingInfo:
			gpus = append(gpus, fleet.VMGPU{Kind: fleet.KindDvx, DeviceClass: b.DeviceClass})
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
