// Package fleet reads the file that says which hosts and virtual machines the simulator serves.
package fleet

import (
	"encoding/json"
	"time"
)

// Fleet is one vCenter: its datacenters and what is in them.
type Fleet struct {
	InstanceUUID     string       `json:"instanceUuid"`
	APIVersion       string       `json:"apiVersion"`
	ClockSkew        string       `json:"clockSkew"`
	GlobalAttributes []string     `json:"globalAttributes"`
	Datacenters      []Datacenter `json:"datacenters"`
	// Skew is ClockSkew, as how far vCenter's clock is ahead.
	Skew time.Duration `json:"-"`
}

// Datacenter is a datacenter with its clusters.
type Datacenter struct {
	Name             string            `json:"name"`
	Folder           string            `json:"folder"`
	CustomAttributes map[string]string `json:"customAttributes"`
	ScheduledTasks   []ScheduledTask   `json:"scheduledTasks"`
	Clusters         []Cluster         `json:"clusters"`
}

// Cluster is a compute cluster with its hosts; a scheduled task here concerns all of them.
type Cluster struct {
	Name             string            `json:"name"`
	Folder           string            `json:"folder"`
	CustomAttributes map[string]string `json:"customAttributes"`
	ScheduledTasks   []ScheduledTask   `json:"scheduledTasks"`
	RunningTasks     []RunningTask     `json:"runningTasks"`
	Hosts            []Host            `json:"hosts"`
}

// ScheduledTask is an entry of vCenter's scheduler.
type ScheduledTask struct {
	Name    string `json:"name"`
	Action  string `json:"action"`
	At      string `json:"at"`
	Enabled bool   `json:"enabled"`
	// NextRun is At, as a time.
	NextRun time.Time `json:"-"`
}

// RunningTask is an entry of an object's recentTask.
type RunningTask struct {
	DescriptionID string `json:"descriptionId"`
	State         string `json:"state"`
}

// Host is an ESXi host with the machines that are registered on it.
type Host struct {
	Name             string            `json:"name"`
	CPUMhz           int32             `json:"cpuMhz"`
	CPUCores         int16             `json:"cpuCores"`
	MemoryMib        int64             `json:"memoryMib"`
	ConnectionState  string            `json:"connectionState"`
	PowerState       string            `json:"powerState"`
	StandbyMode      string            `json:"standbyMode"`
	InMaintenance    bool              `json:"inMaintenance"`
	InQuarantine     bool              `json:"inQuarantine"`
	GPUs             []HostGPU         `json:"gpus"`
	PciDevices       []PciDevice       `json:"pciDevices"`
	ScheduledTasks   []ScheduledTask   `json:"scheduledTasks"`
	RunningTasks     []RunningTask     `json:"runningTasks"`
	CustomAttributes map[string]string `json:"customAttributes"`
	VirtualMachines  []VirtualMachine  `json:"virtualMachines"`
}

// Devices are the host's GPUs and other PCI devices that the file names.
func (h *Host) Devices() []PciDevice {
	devices := make([]PciDevice, 0, len(h.GPUs)+len(h.PciDevices))
	for _, gpu := range h.GPUs {
		devices = append(devices, gpu.PciDevice)
	}
	return append(devices, h.PciDevices...)
}

// PciDevice is a card in a host.
type PciDevice struct {
	PciID      string `json:"pciId"`
	VendorID   HexID  `json:"vendorId"`
	DeviceID   HexID  `json:"deviceId"`
	ClassID    HexID  `json:"classId"`
	VendorName string `json:"vendorName"`
	Model      string `json:"model"`
}

// HostGPU is a graphics card in a host.
type HostGPU struct {
	PciDevice
	MemoryMib        int64         `json:"memoryMib"`
	GraphicsMode     string        `json:"graphicsMode"`
	VgpuProfiles     []VgpuProfile `json:"vgpuProfiles"`
	MigrateSupported Answer        `json:"migrateSupported"`
	InGraphicsInfo   bool          `json:"inGraphicsInfo"`
	PciName          string        `json:"pciName"`
}

// VgpuProfile is a kind of share that a card offers; in JSON a name alone, where the card's MigrateSupported holds.
type VgpuProfile struct {
	Profile          string `json:"profile"`
	MigrateSupported Answer `json:"migrateSupported"`
}

// MigrateSupported is what the host says of a vGPU profile: of the first card that offers it. Nobody knows of no host.
func (h *Host) MigrateSupported(profile string) Answer {
	if h == nil {
		return Unsaid
	}
	for _, gpu := range h.GPUs {
		for _, offered := range gpu.VgpuProfiles {
			if offered.Profile == profile {
				return offered.MigrateSupported.Or(gpu.MigrateSupported)
			}
		}
	}
	return Unsaid
}

// VirtualMachine is a virtual machine, powered on or not.
type VirtualMachine struct {
	Name           string          `json:"name"`
	UUID           string          `json:"uuid"`
	InstanceUUID   string          `json:"instanceUuid"`
	Power          string          `json:"power"`
	CPUDemandMhz   int32           `json:"cpuDemandMhz"`
	GuestMemoryMib int32           `json:"guestMemoryMib"`
	GuestHostName  string          `json:"guestHostName"`
	Template       bool            `json:"template"`
	OnNoHost       bool            `json:"onNoHost"`
	NumCPU         int32           `json:"numCpu"`
	MemoryMib      int32           `json:"memoryMib"`
	Folder         string          `json:"folder"`
	VApp           string          `json:"vApp"`
	GPUs           []VMGPU         `json:"gpus"`
	KubernetesNode json.RawMessage `json:"kubernetesNode"`
}

// Kinds of device that a host can lend to a machine.
const (
	KindVgpu        = "vgpu"
	KindPassthrough = "passthrough"
	KindDynamic     = "dynamic"
	KindDvx         = "dvx"
	KindSriov       = "sriov"
)

// VMGPU is a PCI device that a machine holds: a vGPU has Profile, a passthrough or an SR-IOV network card PciID,
// a dynamic one VendorID, DeviceID and, if a card is assigned, AssignedPciID, and a DVX device DeviceClass.
type VMGPU struct {
	Kind          string `json:"kind"`
	Profile       string `json:"profile,omitempty"`
	PciID         string `json:"pciId,omitempty"`
	VendorID      HexID  `json:"vendorId,omitempty"`
	DeviceID      HexID  `json:"deviceId,omitempty"`
	AssignedPciID string `json:"assignedPciId,omitempty"`
	DeviceClass   string `json:"deviceClass,omitempty"`
	// MigrateSupported of a vGPU; NotGiven: as the host says of the profile.
	MigrateSupported Answer `json:"migrateSupported,omitempty"`
}
