// What is true in the simulator now, for tests to compare with.

package inventory

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// HostTruth is a host as it is now. A last one without a name holds the machines that are on no host, if any.
type HostTruth struct {
	Ref             string         `json:"ref"`
	Host            string         `json:"host"`
	Cluster         string         `json:"cluster"`
	InMaintenance   bool           `json:"inMaintenance"`
	ConnectionState string         `json:"connectionState"`
	ScheduledTasks  []TaskTruth    `json:"scheduledTasks"`
	VirtualMachines []MachineTruth `json:"virtualMachines"`
}

// TaskTruth is a scheduled task of the host itself as it is now.
type TaskTruth struct {
	Name        string     `json:"name"`
	Action      string     `json:"action"`
	Enabled     bool       `json:"enabled"`
	NextRunTime *time.Time `json:"nextRunTime"`
}

// MachineTruth is a virtual machine as it is now.
type MachineTruth struct {
	Ref            string        `json:"ref"`
	Name           string        `json:"name"`
	UUID           string        `json:"uuid"`
	Power          string        `json:"power"`
	CPUDemandMhz   int32         `json:"cpuDemandMhz"`
	GuestMemoryMib int32         `json:"guestMemoryMib"`
	GPUs           []fleet.VMGPU `json:"gpus"`
}

// Truth reads everything under the simulator's locks.
func (w *World) Truth() []HostTruth {
	machines := w.machineTruths()
	hosts := []HostTruth{}
	for _, entity := range w.sorted("HostSystem") {
		truth := w.hostTruth(entity.(*simulator.HostSystem))
		truth.VirtualMachines = append([]MachineTruth{}, machines[truth.Ref]...)
		delete(machines, truth.Ref)
		hosts = append(hosts, truth)
	}
	if homeless := slices.Concat(slices.Collect(maps.Values(machines))...); len(homeless) > 0 {
		hosts = append(hosts, HostTruth{ScheduledTasks: []TaskTruth{}, VirtualMachines: homeless})
	}
	return hosts
}

func (w *World) hostTruth(host *simulator.HostSystem) HostTruth {
	truth := HostTruth{ScheduledTasks: []TaskTruth{}}
	ctx := w.NewContext()
	w.Registry.WithLock(ctx, host, func() {
		truth.Ref, truth.Host = host.Self.String(), unescapeName(host.Name)
		truth.InMaintenance = host.Runtime.InMaintenanceMode
		truth.ConnectionState = string(host.Runtime.ConnectionState)
	})
	if cluster, ok := w.Registry.Get(*host.Parent).(mo.Entity); ok {
		truth.Cluster = cluster.Entity().Name
	}
	for _, task := range w.ScheduledTasks(host.Self) {
		truth.ScheduledTasks = append(truth.ScheduledTasks, TaskTruth{
			Name: task.Info.Name, Action: ActionText(task.Info.Action), Enabled: task.Info.Enabled, NextRunTime: task.Info.NextRunTime,
		})
	}
	return truth
}

// machineTruths are the machines by their host's reference.
func (w *World) machineTruths() map[string][]MachineTruth {
	byHost := map[string][]MachineTruth{}
	for _, entity := range w.sorted("VirtualMachine") {
		vm := entity.(*simulator.VirtualMachine)
		w.Registry.WithLock(w.NewContext(), vm, func() {
			host := ""
			if vm.Runtime.Host != nil {
				host = vm.Runtime.Host.String()
			}
			byHost[host] = append(byHost[host], machineTruth(vm))
		})
	}
	return byHost
}

func machineTruth(vm *simulator.VirtualMachine) MachineTruth {
	return MachineTruth{
		Ref:            vm.Self.String(),
		Name:           unescapeName(vm.Name),
		UUID:           vm.Config.Uuid,
		Power:          string(vm.Runtime.PowerState),
		CPUDemandMhz:   vm.Summary.QuickStats.OverallCpuDemand,
		GuestMemoryMib: vm.Summary.QuickStats.GuestMemoryUsage,
		GPUs:           gpusOf(vm.Config.Hardware.Device),
	}
}

func (w *World) sorted(kind string) []mo.Entity {
	entities := w.Registry.All(kind)
	slices.SortFunc(entities, func(a, b mo.Entity) int { return strings.Compare(a.Reference().Value, b.Reference().Value) })
	return entities
}
