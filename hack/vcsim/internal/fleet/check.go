// What the schema cannot say: names that must differ, devices that must exist, times that must parse.

package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// eachHost visits every host with its path in the file.
func (f *Fleet) eachHost(visit func(path string, cluster *Cluster, host *Host)) {
	for d := range f.Datacenters {
		for c := range f.Datacenters[d].Clusters {
			cluster := &f.Datacenters[d].Clusters[c]
			for h := range cluster.Hosts {
				visit(fmt.Sprintf("datacenters[%d].clusters[%d].hosts[%d]", d, c, h), cluster, &cluster.Hosts[h])
			}
		}
	}
}

func check(f *Fleet, now time.Time) Problems {
	var problems Problems
	datacenters, hosts, instances := firsts{}, firsts{}, firsts{}
	f.Skew = checkSkew(&problems, f.ClockSkew, now)
	for d := range f.Datacenters {
		path := fmt.Sprintf("datacenters[%d]", d)
		datacenters.add(&problems, path+".name", f.Datacenters[d].Name)
		checkTasks(&problems, path, f.Datacenters[d].ScheduledTasks, now)
		checkAttributes(&problems, path, f.Datacenters[d].CustomAttributes, now)
		checkClusters(&problems, path, f.Datacenters[d].Clusters, now)
	}
	f.eachHost(func(path string, _ *Cluster, host *Host) {
		hosts.add(&problems, path+".name", host.Name)
		checkHost(&problems, path, host, instances, now)
	})
	return problems
}

func checkClusters(problems *Problems, path string, clusters []Cluster, now time.Time) {
	names := firsts{}
	for c := range clusters {
		clusterPath := fmt.Sprintf("%s.clusters[%d]", path, c)
		names.add(problems, clusterPath+".name", clusters[c].Name)
		checkTasks(problems, clusterPath, clusters[c].ScheduledTasks, now)
		checkAttributes(problems, clusterPath, clusters[c].CustomAttributes, now)
	}
}

func checkHost(problems *Problems, path string, host *Host, instances firsts, now time.Time) {
	checkTasks(problems, path, host.ScheduledTasks, now)
	checkAttributes(problems, path, host.CustomAttributes, now)
	cards, holders := firsts{}, firsts{}
	for i, gpu := range host.GPUs {
		cards.add(problems, fmt.Sprintf("%s.gpus[%d].pciId", path, i), gpu.PciID)
	}
	for i, device := range host.PciDevices {
		cards.add(problems, fmt.Sprintf("%s.pciDevices[%d].pciId", path, i), device.PciID)
	}
	for i := range host.VirtualMachines {
		vm := &host.VirtualMachines[i]
		vmPath := fmt.Sprintf("%s.virtualMachines[%d]", path, i)
		instances.add(problems, vmPath+".instanceUuid", strings.ToLower(vm.InstanceUUID))
		checkPlace(problems, vmPath, vm)
		checkDevices(problems, vmPath, vm, host)
		checkHeldOnce(problems, vmPath, vm, holders)
	}
}

func checkTasks(problems *Problems, path string, tasks []ScheduledTask, now time.Time) {
	names := firsts{}
	for i := range tasks {
		taskPath := fmt.Sprintf("%s.scheduledTasks[%d]", path, i)
		names.add(problems, taskPath+".name", tasks[i].Name)
		checkTask(problems, taskPath, &tasks[i], now)
	}
}

func checkTask(problems *Problems, path string, task *ScheduledTask, now time.Time) {
	at, err := ParseWhen(task.At, now)
	if err != nil {
		problems.add(join(path, "at"), "%v", err)
	}
	task.NextRun = at
}

// checkSkew reads the skew as a time relative to now.
func checkSkew(problems *Problems, text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	at, err := ParseWhen(text, now)
	if err != nil {
		problems.add("clockSkew", "%v", err)
	}
	return at.Sub(now)
}

// checkAttributes replaces the times in braces by the times that they mean.
func checkAttributes(problems *Problems, path string, attributes map[string]string, now time.Time) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		resolved, err := ResolveTimes(attributes[name], now)
		if err != nil {
			problems.add(path+".customAttributes."+name, "%v", err)
		}
		attributes[name] = resolved
	}
}

// checkPlace wants the machine in one place.
func checkPlace(problems *Problems, path string, vm *VirtualMachine) {
	if vm.Folder != "" && vm.VApp != "" {
		problems.add(path, "found folder and vApp, want one of them")
	}
}

// checkDevices wants every device of the machine to exist in its host.
func checkDevices(problems *Problems, path string, vm *VirtualMachine, host *Host) {
	for i, gpu := range vm.GPUs {
		gpuPath := fmt.Sprintf("%s.gpus[%d]", path, i)
		switch gpu.Kind {
		case KindVgpu:
			checkProfile(problems, gpuPath, gpu.Profile, host)
		case KindPassthrough, KindSriov:
			checkCard(problems, gpuPath+".pciId", gpu.PciID, host)
		case KindDynamic:
			if gpu.AssignedPciID != "" {
				checkCard(problems, gpuPath+".assignedPciId", gpu.AssignedPciID, host)
			}
		}
	}
}

func checkProfile(problems *Problems, path, profile string, host *Host) {
	var offered []string
	for _, gpu := range host.GPUs {
		for _, p := range gpu.VgpuProfiles {
			offered = append(offered, p.Profile)
		}
	}
	if !slices.Contains(offered, profile) {
		problems.add(path+".profile", "found %q, want a profile that host %s offers: %s", profile, host.Name, choices(offered))
	}
}

func checkCard(problems *Problems, path, pciID string, host *Host) {
	var cards []string
	for _, device := range host.Devices() {
		cards = append(cards, device.PciID)
	}
	if !slices.Contains(cards, pciID) {
		problems.add(path, "found %q, want a device of host %s: %s", pciID, host.Name, choices(cards))
	}
}

// checkHeldOnce wants no card in two machines that run at the same time; an SR-IOV card serves many.
func checkHeldOnce(problems *Problems, path string, vm *VirtualMachine, holders firsts) {
	for i, gpu := range vm.GPUs {
		pciID := gpu.PciID + gpu.AssignedPciID
		if vm.Power == "poweredOn" && pciID != "" && gpu.Kind != KindSriov {
			holders.add(problems, fmt.Sprintf("%s.gpus[%d]", path, i), pciID)
		}
	}
}

func choices(values []string) string {
	if len(values) == 0 {
		return "it has none"
	}
	return strings.Join(values, ", ")
}

// firsts remembers where each value was first seen.
type firsts map[string]string

func (f firsts) add(problems *Problems, path, value string) {
	if first, seen := f[value]; seen {
		problems.add(path, "found %q again, want it only once (it is at %s)", value, first)
		return
	}
	f[value] = path
}
