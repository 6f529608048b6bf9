// What a fleet file means where it says nothing.

package fleet

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

const defaultAPIVersion = "8.0.3.0"

// UnmarshalJSON fills in the defaults of a scheduled task.
func (t *ScheduledTask) UnmarshalJSON(data []byte) error {
	type plain ScheduledTask
	*t = ScheduledTask{Enabled: true}
	return json.Unmarshal(data, (*plain)(t))
}

// UnmarshalJSON fills in the defaults of a task.
func (t *RunningTask) UnmarshalJSON(data []byte) error {
	type plain RunningTask
	*t = RunningTask{State: "running"}
	return json.Unmarshal(data, (*plain)(t))
}

// UnmarshalJSON fills in the defaults of a host.
func (h *Host) UnmarshalJSON(data []byte) error {
	type plain Host
	*h = Host{
		CPUMhz: 2400, CPUCores: 32, MemoryMib: 262144,
		ConnectionState: "connected", PowerState: "poweredOn", StandbyMode: "none",
	}
	return json.Unmarshal(data, (*plain)(h))
}

// UnmarshalJSON fills in the defaults of a graphics card.
func (g *HostGPU) UnmarshalJSON(data []byte) error {
	type plain HostGPU
	*g = HostGPU{
		PciDevice:        PciDevice{ClassID: 0x0302, VendorName: "NVIDIA Corporation", Model: "NVIDIA GPU"},
		GraphicsMode:     "direct",
		MigrateSupported: Yes,
		InGraphicsInfo:   true,
	}
	return json.Unmarshal(data, (*plain)(g))
}

// UnmarshalJSON takes a profile's name alone, too.
func (p *VgpuProfile) UnmarshalJSON(data []byte) error {
	type plain VgpuProfile
	*p = VgpuProfile{}
	if json.Unmarshal(data, &p.Profile) == nil {
		return nil
	}
	return json.Unmarshal(data, (*plain)(p))
}

// UnmarshalJSON fills in the defaults of a virtual machine, the uuids aside.
func (v *VirtualMachine) UnmarshalJSON(data []byte) error {
	type plain VirtualMachine
	*v = VirtualMachine{Power: "poweredOn", NumCPU: 8, MemoryMib: 32768}
	return json.Unmarshal(data, (*plain)(v))
}

// deriveIdentities gives an id to everything that has none, always the same for the same file.
func (f *Fleet) deriveIdentities(source []byte) {
	if f.InstanceUUID == "" {
		f.InstanceUUID = uuid.NewSHA1(uuid.NameSpaceURL, source).String()
	}
	if f.APIVersion == "" {
		f.APIVersion = defaultAPIVersion
	}
	f.eachHost(func(_ string, cluster *Cluster, host *Host) {
		for i := range host.VirtualMachines {
			host.VirtualMachines[i].deriveUUIDs(fmt.Sprintf("%s/%s/%d", cluster.Name, host.Name, i))
		}
	})
}

// deriveUUIDs makes the SMBIOS uuid from the name and the instance uuid from the place too.
func (v *VirtualMachine) deriveUUIDs(place string) {
	if v.UUID == "" {
		v.UUID = uuid.NewSHA1(uuid.NameSpaceDNS, []byte(v.Name)).String()
	}
	if v.InstanceUUID == "" {
		v.InstanceUUID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(place+"/"+v.Name)).String()
	}
}
