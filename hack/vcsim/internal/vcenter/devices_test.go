package vcenter_test

import (
	"fmt"
	"testing"

	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// lending has hosts that lend devices of every kind, and cards that say little of themselves.
const lending = `{ "datacenters": [{ "name": "DC0", "clusters": [{ "name": "gpu", "hosts": [
  { "name": "esxi-a",
    "gpus": [
      {"pciId": "0000:3b:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "model": "NVIDIA A100", "pciName": "GA100 [A100]", "vgpuProfiles": ["moves"]},
      {"pciId": "0000:3c:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "vgpuProfiles": ["stays"], "migrateSupported": false},
      {"pciId": "0000:3d:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "vgpuProfiles": ["silent", {"profile": "differs", "migrateSupported": true}], "migrateSupported": null, "inGraphicsInfo": false}],
    "pciDevices": [
      {"pciId": "0000:31:00.0", "vendorId": "0x15b3", "deviceId": "0x101d", "classId": "0x0200"},
      {"pciId": "0000:32:00.0", "vendorId": "0x144d", "deviceId": "0xa80a", "classId": "0x0108"}],
    "virtualMachines": [
      {"name": "moves", "gpus": [{"kind": "vgpu", "profile": "moves"}]},
      {"name": "stays", "gpus": [{"kind": "vgpu", "profile": "stays"}]},
      {"name": "silent", "gpus": [{"kind": "vgpu", "profile": "silent"}]},
      {"name": "own word", "gpus": [{"kind": "vgpu", "profile": "moves", "migrateSupported": false}]},
      {"name": "no word", "gpus": [{"kind": "vgpu", "profile": "moves", "migrateSupported": null}]},
      {"name": "disk", "gpus": [{"kind": "passthrough", "pciId": "0000:32:00.0"}]},
      {"name": "network", "gpus": [{"kind": "sriov", "pciId": "0000:31:00.0"}]},
      {"name": "network too", "gpus": [{"kind": "sriov", "pciId": "0000:31:00.0"}]},
      {"name": "class", "gpus": [{"kind": "dvx", "deviceClass": "com.example.nic"}]}]},
  { "name": "esxi-b", "gpus": [{"pciId": "0000:3b:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "vgpuProfiles": ["moves", "stays"]}]}]}]}]}`

func TestAVgpuMovesAsTheMachineOrElseTheHostSays(t *testing.T) {
	bed := testbed.Start(t, lending)
	client := bed.Login()
	for name, want := range map[string]string{"moves": "true", "stays": "false", "silent": "unset", "own word": "false", "no word": "unset"} {
		found := "unset"
		for _, device := range machine(t, bed, client, name, "config.hardware.device").Config.Hardware.Device {
			if card, ok := device.(*types.VirtualPCIPassthrough); ok {
				if flag := card.Backing.(*types.VirtualPCIPassthroughVmiopBackingInfo).MigrateSupported; flag != nil {
					found = fmt.Sprint(*flag)
				}
			}
		}
		wants(t, name, found, want)
	}
}

func TestAHostSaysNothingOfProfilesThatItDoesNotKnow(t *testing.T) {
	bed := testbed.Start(t, lending)
	config := host(t, bed, bed.Login(), "esxi-a", "config").Config
	wants(t, "profiles", config.SharedPassthruGpuTypes, []string{"moves", "stays", "silent", "differs"})
	capabilities := map[string]bool{}
	for _, c := range config.SharedGpuCapabilities {
		capabilities[c.Vgpu] = c.MigrateSupported
	}
	wants(t, "capabilities", capabilities, map[string]bool{"moves": true, "stays": false, "differs": true})
}

func TestACardMayBeMissingFromTheGraphicsInformation(t *testing.T) {
	bed := testbed.Start(t, lending)
	a := host(t, bed, bed.Login(), "esxi-a", "config.graphicsInfo", "hardware.pciDevice")
	var graphics []string
	for _, card := range a.Config.GraphicsInfo {
		graphics = append(graphics, card.PciId)
	}
	wants(t, "graphics", graphics, []string{"0000:3b:00.0", "0000:3c:00.0"})
	names := map[string]string{}
	for _, device := range a.Hardware.PciDevice {
		names[device.Id] = device.DeviceName
	}
	wants(t, "the PCI device's own name", names["0000:3b:00.0"], "GA100 [A100]")
	wants(t, "the card without graphics information", names["0000:3d:00.0"], "NVIDIA GPU")
}

func TestDevicesThatAreNoGraphicsCardsAreLentToo(t *testing.T) {
	bed := testbed.Start(t, lending)
	client := bed.Login()
	device := func(name string) types.BaseVirtualDevice {
		t.Helper()
		devices := machine(t, bed, client, name, "config.hardware.device").Config.Hardware.Device
		return devices[len(devices)-1]
	}
	disk := device("disk").GetVirtualDevice().Backing.(*types.VirtualPCIPassthroughDeviceBackingInfo)
	wants(t, "disk's vendor", disk.VendorId, 0x144d)
	network := device("network too").(*types.VirtualSriovEthernetCard)
	wants(t, "network card", network.SriovBacking.PhysicalFunctionBacking.Id, "0000:31:00.0")
	wants(t, "class", device("class").GetVirtualDevice().Backing.(*types.VirtualPCIPassthroughDvxBackingInfo).DeviceClass, "com.example.nic")
	for _, vm := range truthOf(t, bed, "esxi-a").VirtualMachines {
		if vm.Name == "network" {
			wants(t, "truth", fmt.Sprint(vm.GPUs[0].Kind, vm.GPUs[0].PciID), "sriov0000:31:00.0")
		}
	}
}

func TestARunningVgpuThatDoesNotMoveLiveIsNotMoved(t *testing.T) {
	bed := testbed.Start(t, lending)
	bed.Do("POST", "/vmotion", `{"vm":"moves","host":"esxi-b"}`)
	for _, vm := range []string{"stays", "own word", "class", "network"} {
		status, body := bed.Control("POST", "/vmotion", fmt.Sprintf(`{"vm":%q,"host":"esxi-b"}`, vm))
		wants(t, vm, status, 409)
		contains(t, vm, body, "want it powered off")
	}
	bed.Do("POST", "/power", `{"vm":"stays","state":"poweredOff"}`)
	bed.Do("POST", "/vmotion", `{"vm":"stays","host":"esxi-b"}`)
}
