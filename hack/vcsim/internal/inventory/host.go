// Makes an ESXi host out of its lines in the fleet file.

package inventory

import (
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

const mib = 1 << 20

func (w *World) addHost(t template, cluster *simulator.ClusterComputeResource, spec *fleet.Host) *simulator.HostSystem {
	host := cloneHost(t.host)
	host.Self = w.reference("HostSystem", "host")
	host.Summary.Host = &host.Self
	describeHost(host, spec)
	describeCards(host, spec)
	cluster.Host = append(cluster.Host, host.Self)
	addCapacity(cluster, spec)
	w.Registry.PutEntity(cluster, host)
	w.hosts[host.Self] = spec
	for _, task := range spec.ScheduledTasks {
		w.PutScheduledTask(host.Self, task)
	}
	w.putRunningTasks(host, spec.RunningTasks)
	for i := range spec.VirtualMachines {
		w.addVirtualMachine(t, host, &spec.VirtualMachines[i])
	}
	return host
}

// cloneHost copies every pointer that an update writes through.
func cloneHost(source *simulator.HostSystem) *simulator.HostSystem {
	host := &simulator.HostSystem{HostSystem: source.HostSystem}
	host.Config = clone(source.Config)
	host.Hardware = clone(source.Hardware)
	host.Summary.Hardware = clone(source.Summary.Hardware)
	host.Summary.Runtime = &host.Runtime
	host.Vm, host.RecentTask = nil, nil
	return host
}

func describeHost(host *simulator.HostSystem, spec *fleet.Host) {
	id := uuid.NewSHA1(uuid.NameSpaceDNS, []byte(spec.Name)).String()
	host.Name = escapeName(spec.Name)
	host.Summary.Config.Name = host.Name

	host.Hardware.SystemInfo.Uuid = id
	host.Hardware.CpuInfo.NumCpuCores = spec.CPUCores
	host.Hardware.CpuInfo.NumCpuThreads = 2 * spec.CPUCores
	host.Hardware.CpuInfo.Hz = int64(spec.CPUMhz) * 1_000_000
	host.Hardware.MemorySize = spec.MemoryMib * mib

	summary := host.Summary.Hardware
	summary.Uuid = id
	summary.CpuMhz, summary.NumCpuCores, summary.NumCpuThreads = spec.CPUMhz, spec.CPUCores, 2*spec.CPUCores
	summary.MemorySize = spec.MemoryMib * mib

	host.Runtime.ConnectionState = types.HostSystemConnectionState(spec.ConnectionState)
	host.Runtime.PowerState = types.HostSystemPowerState(spec.PowerState)
	host.Runtime.StandbyMode = spec.StandbyMode
	host.Runtime.InMaintenanceMode = spec.InMaintenance
	host.Runtime.InQuarantineMode = types.NewBool(spec.InQuarantine)
	host.Runtime.BootTime = startOf(10 * 24 * time.Hour)
}

// describeCards adds the file's cards to the few that every simulated host has, and describes the GPUs.
func describeCards(host *simulator.HostSystem, spec *fleet.Host) {
	cards := spec.Devices()
	named := map[string]bool{}
	for _, card := range cards {
		named[card.PciID] = true
	}
	var devices []types.HostPciDevice
	for _, device := range host.Hardware.PciDevice {
		if !named[device.Id] {
			devices = append(devices, device)
		}
	}
	var passthru []types.BaseHostPciPassthruInfo
	for _, card := range cards {
		devices = append(devices, pciDevice(card, pciNames(spec)))
		passthru = append(passthru, &types.HostPciPassthruInfo{
			Id: card.PciID, DependentDevice: card.PciID, PassthruCapable: true, PassthruEnabled: true, PassthruActive: true,
		})
	}
	host.Hardware.PciDevice = devices
	host.Config.PciPassthruInfo = passthru
	describeGraphics(host.Config, spec.GPUs)
}

func describeGraphics(config *types.HostConfigInfo, gpus []fleet.HostGPU) {
	config.GraphicsInfo, config.SharedPassthruGpuTypes, config.SharedGpuCapabilities = nil, nil, nil
	seen := map[string]bool{}
	for _, gpu := range gpus {
		if gpu.InGraphicsInfo {
			config.GraphicsInfo = append(config.GraphicsInfo, types.HostGraphicsInfo{
				DeviceName: gpu.Model, VendorName: gpu.VendorName, PciId: gpu.PciID,
				GraphicsType: gpu.GraphicsMode, MemorySizeInKB: gpu.MemoryMib * 1024,
			})
		}
		for _, offered := range gpu.VgpuProfiles {
			if seen[offered.Profile] {
				continue
			}
			seen[offered.Profile] = true
			config.SharedPassthruGpuTypes = append(config.SharedPassthruGpuTypes, offered.Profile)
			if migrates := offered.MigrateSupported.Or(gpu.MigrateSupported).Flag(); migrates != nil {
				config.SharedGpuCapabilities = append(config.SharedGpuCapabilities, types.HostSharedGpuCapabilities{
					Vgpu: offered.Profile, SuspendSupported: true, MigrateSupported: *migrates,
				})
			}
		}
	}
}

// pciNames are the names of graphics cards among the PCI devices, where they differ from the model.
func pciNames(spec *fleet.Host) map[string]string {
	names := map[string]string{}
	for _, gpu := range spec.GPUs {
		if gpu.PciName != "" {
			names[gpu.PciID] = gpu.PciName
		}
	}
	return names
}

func pciDevice(card fleet.PciDevice, names map[string]string) types.HostPciDevice {
	name := card.Model
	if other, named := names[card.PciID]; named {
		name = other
	}
	// The schema has checked the form 0000:3b:00.0.
	bus, _ := strconv.ParseUint(card.PciID[5:7], 16, 8)
	slot, _ := strconv.ParseUint(card.PciID[8:10], 16, 8)
	return types.HostPciDevice{
		Id: card.PciID, Bus: byte(bus), Slot: byte(slot), Function: card.PciID[11] - '0',
		ClassId: card.ClassID.Short(), VendorId: card.VendorID.Short(), DeviceId: card.DeviceID.Short(),
		SubVendorId: card.VendorID.Short(), SubDeviceId: card.DeviceID.Short(),
		VendorName: card.VendorName, DeviceName: name,
	}
}

func addCapacity(cluster *simulator.ClusterComputeResource, host *fleet.Host) {
	summary := cluster.Summary.GetComputeResourceSummary()
	summary.NumHosts++
	summary.NumEffectiveHosts++
	summary.NumCpuCores += host.CPUCores
	summary.NumCpuThreads += 2 * host.CPUCores
	summary.TotalCpu += host.CPUMhz * int32(host.CPUCores)
	summary.EffectiveCpu = summary.TotalCpu
	summary.TotalMemory += host.MemoryMib * mib
	summary.EffectiveMemory = summary.TotalMemory / mib
}
