package vcenter_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

func TestAHostReadsAsTheFleetSays(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	a := host(t, bed, client, "esxi-a", "name", "summary.hardware", "hardware", "config", "runtime")
	wants(t, "MHz", a.Summary.Hardware.CpuMhz, 2600)
	wants(t, "cores", a.Hardware.CpuInfo.NumCpuCores, 64)
	wants(t, "memory", a.Summary.Hardware.MemorySize, int64(524288)<<20)
	devices := map[string]types.HostPciDevice{}
	for _, device := range a.Hardware.PciDevice {
		devices[device.Id] = device
	}
	gpu, nic := devices["0000:86:00.0"], devices["0000:31:00.0"]
	wants(t, "GPU vendor", gpu.VendorId, 0x10de)
	wants(t, "GPU class", gpu.ClassId, 0x0302)
	wants(t, "GPU bus", gpu.Bus, 0x86)
	wants(t, "NIC vendor, signed", nic.VendorId, -32634)
	if len(devices) <= 3 {
		t.Errorf("found %d PCI devices, want the host's usual ones beside the fleet's 3", len(devices))
	}
	wants(t, "graphics", len(a.Config.GraphicsInfo), 2)
	wants(t, "graphics memory", a.Config.GraphicsInfo[0].MemorySizeInKB, 81920*1024)
	wants(t, "profiles", a.Config.SharedPassthruGpuTypes, []string{"grid_a100d-40c"})
	wants(t, "vMotion of the profile", a.Config.SharedGpuCapabilities[0].MigrateSupported, true)

	b := host(t, bed, client, "esxi-b", "runtime")
	wants(t, "maintenance", b.Runtime.InMaintenanceMode, true)
	wants(t, "quarantine", *b.Runtime.InQuarantineMode, true)
	wants(t, "connection", b.Runtime.ConnectionState, "notResponding")
	wants(t, "standby", b.Runtime.StandbyMode, "entering")
}

func TestAMachineReadsAsTheFleetSays(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	vm := machine(t, bed, client, "shared", "config", "guest.hostName", "summary", "runtime", "resourcePool", "parent")
	wants(t, "guest", vm.Guest.HostName, "shared.example.com")
	wants(t, "CPUs", vm.Config.Hardware.NumCPU, 16)
	wants(t, "memory", vm.Config.Hardware.MemoryMB, 65536)
	wants(t, "demand", vm.Summary.QuickStats.OverallCpuDemand, 87)
	wants(t, "guest memory", vm.Summary.QuickStats.GuestMemoryUsage, 327)
	wants(t, "reservation", *vm.Config.MemoryReservationLockedToMax, true)
	wants(t, "name, escaped", machine(t, bed, client, "a/b%c", "name").Name, "a%2fb%25c")

	off := machine(t, bed, client, "off", "config.template", "guest", "summary.quickStats", "runtime")
	wants(t, "template", off.Config.Template, true)
	wants(t, "power", off.Runtime.PowerState, "poweredOff")
	wants(t, "guest of a machine that is off", off.Guest.HostName, "")
	wants(t, "demand of a machine that is off", off.Summary.QuickStats.OverallCpuDemand, 0)
	wants(t, "host of a machine that is off", *off.Runtime.Host, host(t, bed, client, "esxi-a", "name").Self)
}

func TestPassthroughDevicesHaveTheBackingOfTheirKind(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	backing := func(name string) types.BaseVirtualDeviceBackingInfo {
		t.Helper()
		for _, device := range machine(t, bed, client, name, "config.hardware.device").Config.Hardware.Device {
			if card, ok := device.(*types.VirtualPCIPassthrough); ok {
				return card.Backing
			}
		}
		t.Fatalf("%s: found no passthrough device, want one", name)
		return nil
	}
	wants(t, "profile", backing("shared").(*types.VirtualPCIPassthroughVmiopBackingInfo).Vgpu, "grid_a100d-40c")
	fixed := backing("fixed").(*types.VirtualPCIPassthroughDeviceBackingInfo)
	wants(t, "card", fixed.Id, "0000:86:00.0")
	wants(t, "card's device", fixed.DeviceId, "20b5")
	wants(t, "card's vendor", fixed.VendorId, 0x10de)
	dynamic := backing("floating").(*types.VirtualPCIPassthroughDynamicBackingInfo)
	wants(t, "allowed", dynamic.AllowedDevice[0].DeviceId, 0x20b5)
	wants(t, "assigned", dynamic.AssignedId, "0000:3b:00.0")

	bed.Do("POST", "/power", `{"vm":"floating","state":"poweredOff"}`)
	wants(t, "assigned while off", backing("floating").(*types.VirtualPCIPassthroughDynamicBackingInfo).AssignedId, "")
	bed.Do("POST", "/power", `{"vm":"floating","state":"poweredOn"}`)
	wants(t, "assigned when on again", backing("floating").(*types.VirtualPCIPassthroughDynamicBackingInfo).AssignedId, "0000:3b:00.0")
}

func TestScheduledTasksAreReadByOneTraversal(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	var tasks []mo.ScheduledTask
	err := property.DefaultCollector(client.Client).Retrieve(context.Background(), scheduledTasks(t, bed), []string{"info"}, &tasks)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]types.ScheduledTaskInfo{}
	for _, task := range tasks {
		byName[task.Info.Name] = task.Info
	}
	monthly := byName["monthly patches"]
	wants(t, "time", monthly.NextRunTime.UTC(), time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC))
	wants(t, "entity", monthly.Entity, host(t, bed, client, "esxi-a", "name").Self)
	wants(t, "action", monthly.Action.(*types.MethodAction).Name, "EnterMaintenanceMode_Task")
	wants(t, "disabled", byName["off"].Enabled, false)
	wants(t, "task type", byName["cluster patches"].Action.(*types.CreateTaskAction).TaskTypeId, "com.vmware.vcIntegrity.RemediateTask")
	wants(t, "entity of a cluster's task", byName["cluster patches"].Entity.Type, "ClusterComputeResource")
}

func scheduledTasks(t *testing.T, bed *testbed.Bed) []types.ManagedObjectReference {
	t.Helper()
	var manager mo.ScheduledTaskManager
	client := bed.Login()
	ref := *client.ServiceContent.ScheduledTaskManager
	if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), ref, []string{"scheduledTask"}, &manager); err != nil {
		t.Fatal(err)
	}
	return manager.ScheduledTask
}

func TestCustomAttributesHaveAKeyPerNameAndType(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	var manager mo.CustomFieldsManager
	if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), *client.ServiceContent.CustomFieldsManager, []string{"field"}, &manager); err != nil {
		t.Fatal(err)
	}
	key := map[string]int32{}
	for _, field := range manager.Field {
		key[field.ManagedObjectType+" "+field.Name] = field.Key
	}
	wants(t, "definitions", len(key), 3)
	a := host(t, bed, client, "esxi-a", "customValue", "availableField")
	value := a.CustomValue[0].(*types.CustomFieldStringValue)
	wants(t, "host's value", value.Value, "none")
	wants(t, "host's key", value.Key, key["HostSystem window"])
	cluster := read[mo.ClusterComputeResource](t, bed, client, "cluster/gpu", "customValue")
	wants(t, "cluster's key", cluster.CustomValue[0].GetCustomFieldValue().Key, key["ClusterComputeResource window"])
}

func TestEveryDatacenterHasItsOwnInventory(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	for datacenter, want := range map[string]string{"DC0": "3 hosts, 7 machines", "DC1": "1 hosts, 1 machines"} {
		found, err := bed.World.Find("datacenter/" + datacenter)
		if err != nil {
			t.Fatal(err)
		}
		count := func(kind string) int {
			v, err := view.NewManager(client.Client).CreateContainerView(context.Background(), found.Reference(), []string{kind}, true)
			if err != nil {
				t.Fatal(err)
			}
			refs, err := v.Find(context.Background(), []string{kind}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return len(refs)
		}
		wants(t, datacenter, fmt.Sprintf("%d hosts, %d machines", count("HostSystem"), count("VirtualMachine")), want)
	}
}

func TestTheSameFleetGetsTheSameReferences(t *testing.T) {
	first, second := testbed.Start(t, story), testbed.Start(t, story)
	for _, object := range []string{"host/esxi-c", "vm/plain", "cluster/general", "datacenter/DC1"} {
		one, err := first.World.Find(object)
		if err != nil {
			t.Fatal(err)
		}
		two, err := second.World.Find(object)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, object, two.Reference(), one.Reference())
	}
	wants(t, "instanceUuid", second.InstanceUUID, first.InstanceUUID)
	wants(t, "about", first.Login().ServiceContent.About.InstanceUuid, first.InstanceUUID)
}
