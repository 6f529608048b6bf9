// Fleets of any size.

package testbed

import (
	"fmt"
	"strings"
)

// LargeFleet is the JSON of a fleet of so many hosts with so many virtual machines in all, each machine with a vGPU.
func LargeFleet(hosts, machines int) string {
	lines := make([]string, hosts)
	for h := range hosts {
		var vms []string
		for m := h; m < machines; m += hosts {
			vms = append(vms, fmt.Sprintf(
				`{"name":"vm-%d","guestHostName":"vm-%d","cpuDemandMhz":%d,"guestMemoryMib":512,"gpus":[{"kind":"vgpu","profile":"grid_a100d-40c"}]}`,
				m, m, 10+m))
		}
		lines[h] = fmt.Sprintf(`{"name":"esxi-%d.example.com",
			"gpus":[{"pciId":"0000:3b:00.0","vendorId":"0x10de","deviceId":"0x20b5","vgpuProfiles":["grid_a100d-40c"]}],
			"scheduledTasks":[{"name":"patches","action":"EnterMaintenanceMode_Task","at":"in %dh"}],
			"virtualMachines":[%s]}`, h, 24+h, strings.Join(vms, ","))
	}
	return fmt.Sprintf(`{"datacenters":[{"name":"DC0","clusters":[{"name":"gpu","hosts":[%s]}]}]}`, strings.Join(lines, ","))
}
