package vcenter_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// story has one of everything: vGPU, passthrough and dynamic cards, attributes, scheduled tasks, two machines of one name.
const story = `{
  "datacenters": [
    { "name": "DC0", "customAttributes": {"owner": "lab"}, "clusters": [
      { "name": "gpu", "customAttributes": {"window": "2026-12-01T02:00Z/PT4H"},
        "scheduledTasks": [{"name": "cluster patches", "action": "CreateTask:com.vmware.vcIntegrity.RemediateTask", "at": "in 30d"}],
        "hosts": [
        { "name": "esxi-a", "cpuMhz": 2600, "cpuCores": 64, "memoryMib": 524288, "customAttributes": {"window": "none"},
          "gpus": [
            {"pciId": "0000:3b:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "model": "NVIDIA A100 80GB PCIe", "memoryMib": 81920, "graphicsMode": "sharedDirect", "vgpuProfiles": ["grid_a100d-40c"]},
            {"pciId": "0000:86:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "model": "NVIDIA A100 80GB PCIe", "memoryMib": 81920}],
          "pciDevices": [{"pciId": "0000:31:00.0", "vendorId": "0x8086", "deviceId": "0x1592", "classId": "0x0200", "vendorName": "Intel", "model": "E810"}],
          "scheduledTasks": [
            {"name": "monthly patches", "action": "EnterMaintenanceMode_Task", "at": "2026-12-01T02:00:00Z"},
            {"name": "off", "action": "RebootHost_Task", "at": "in 5h", "enabled": false}],
          "virtualMachines": [
            {"name": "shared", "guestHostName": "shared.example.com", "cpuDemandMhz": 87, "guestMemoryMib": 327, "numCpu": 16, "memoryMib": 65536, "gpus": [{"kind": "vgpu", "profile": "grid_a100d-40c"}]},
            {"name": "fixed", "gpus": [{"kind": "passthrough", "pciId": "0000:86:00.0"}]},
            {"name": "floating", "gpus": [{"kind": "dynamic", "vendorId": "0x10de", "deviceId": "0x20b5", "assignedPciId": "0000:3b:00.0"}]},
            {"name": "off", "power": "poweredOff", "cpuDemandMhz": 5, "guestHostName": "off", "template": true},
            {"name": "twin", "uuid": "421E4592-C069-924D-CE20-7E7533FAB926"}, {"name": "twin"},
            {"name": "a/b%c"}]},
        { "name": "esxi-b", "inMaintenance": true, "inQuarantine": true, "connectionState": "notResponding", "standbyMode": "entering",
          "gpus": [{"pciId": "0000:3b:00.0", "vendorId": "0x10de", "deviceId": "0x20b5", "vgpuProfiles": ["grid_a100d-40c"]}]},
        { "name": "esxi-c" }]}]},
    { "name": "DC1", "clusters": [{ "name": "general", "hosts": [{"name": "esxi-d", "virtualMachines": [{"name": "plain"}]}]}, {"name": "empty"}]}
  ]
}`

// read retrieves properties of the named object over SOAP.
func read[T any](t *testing.T, bed *testbed.Bed, client *govmomi.Client, object string, paths ...string) T {
	t.Helper()
	found, err := bed.World.Find(object)
	if err != nil {
		t.Fatal(err)
	}
	var into T
	if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), found.Reference(), paths, &into); err != nil {
		t.Fatal(err)
	}
	return into
}

func host(t *testing.T, bed *testbed.Bed, client *govmomi.Client, name string, paths ...string) mo.HostSystem {
	t.Helper()
	return read[mo.HostSystem](t, bed, client, "host/"+name, paths...)
}

func machine(t *testing.T, bed *testbed.Bed, client *govmomi.Client, name string, paths ...string) mo.VirtualMachine {
	t.Helper()
	return read[mo.VirtualMachine](t, bed, client, "vm/"+name, paths...)
}

// wants compares and names what differs.
func wants(t *testing.T, what string, found, want any) {
	t.Helper()
	if fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("%s: found %v, want %v", what, found, want)
	}
}

func contains(t *testing.T, what, found, want string) {
	t.Helper()
	if !strings.Contains(found, want) {
		t.Errorf("%s: found %q, want it to contain %q", what, found, want)
	}
}

// faultOf is a fault's type, or the error's text when it is none.
func faultOf(err error) string {
	var found types.BaseMethodFault
	if err == nil {
		return "no error"
	}
	if _, ok := fault.As(err, &found); !ok {
		return err.Error()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", found), "*types.")
}
