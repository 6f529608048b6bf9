package vcenter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"

	"gpuinfo.example.com/hack/vcsim/internal/inventory"
	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

func TestSetChangesAnyPropertyByItsOwnType(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	set := func(object, path, value string) {
		t.Helper()
		bed.Do("POST", "/set", fmt.Sprintf(`{"object":%q,"property":%q,"value":%s}`, object, path, value))
	}
	set("host/esxi-a", "runtime.inMaintenanceMode", "true")
	set("host/esxi-a", "runtime.inQuarantineMode", "null")
	set("host/esxi-a", "summary.quickStats.overallCpuUsage", "1234")
	set("host/esxi-a", "hardware.systemInfo.model", `"PowerEdge XE9680"`)
	set("host/esxi-a", "config.network.atBootIpV6Enabled", "true")
	set("host/esxi-c", "runtime.bootTime", `"2026-11-01T00:00:00Z"`)
	set("cluster/gpu", "summary.numHosts", "5")
	set("vm/shared", "runtime.host", `{"type":"HostSystem","value":"host-1002"}`)
	set("vm/shared", "config.uuid", `"00000000-0000-0000-0000-000000000001"`)
	set("vm/shared", "config.hardware.device", `[{"_typeName":"VirtualPCIPassthrough","key":1,"backing":{"_typeName":"VirtualPCIPassthroughVmiopBackingInfo","vgpu":"nvidia_a40-1b"}}]`)

	a := host(t, bed, client, "esxi-a", "runtime", "summary.quickStats", "hardware", "config.network")
	wants(t, "boolean", a.Runtime.InMaintenanceMode, true)
	wants(t, "unset", a.Runtime.InQuarantineMode == nil, true)
	wants(t, "number", a.Summary.QuickStats.OverallCpuUsage, 1234)
	wants(t, "text behind a pointer", a.Hardware.SystemInfo.Model, "PowerEdge XE9680")
	vm := machine(t, bed, client, "shared", "config")
	wants(t, "uuid", vm.Config.Uuid, "00000000-0000-0000-0000-000000000001")
	wants(t, "reference", machine(t, bed, client, "shared", "runtime.host").Runtime.Host.Value, "host-1002")
	wants(t, "time", host(t, bed, client, "esxi-c", "runtime.bootTime").Runtime.BootTime.UTC(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	wants(t, "polymorphic", read[mo.ClusterComputeResource](t, bed, client, "cluster/gpu", "summary").Summary.GetComputeResourceSummary().NumHosts, 5)
	wants(t, "devices", len(vm.Config.Hardware.Device), 1)

	other := host(t, bed, client, "esxi-c", "hardware", "config.network", "runtime")
	if other.Hardware.SystemInfo.Model == "PowerEdge XE9680" || other.Config.Network.AtBootIpV6Enabled != nil && *other.Config.Network.AtBootIpV6Enabled {
		t.Error("found another host changed too, want it untouched")
	}
}

func TestAControlRequestThatCannotBeDoneSaysWhy(t *testing.T) {
	bed := testbed.Start(t, story)
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/", "", 404, "found GET /, want one of DELETE /calls, DELETE /deny"},
		{"GET", "/set", "", 404, "found GET /set, want one of"},
		{"POST", "/set", "", 404, `found object \"\", want host/NAME`},
		{"POST", "/set", "{", 400, "want one JSON object"},
		{"POST", "/set", "{}{}", 400, "found more text after the JSON object"},
		{"POST", "/set", `{"colour":"red"}`, 400, "unknown field"},
		{"POST", "/set", strings.Repeat(" ", 2<<20), 400, "want less"},
		{"POST", "/set", `{"object":"host/esxi-z","property":"name","value":"x"}`, 404, `found no host \"esxi-z\"; there is esxi-a, esxi-b, esxi-c, esxi-d`},
		{"POST", "/set", `{"object":"host/ESXI-A","property":"name","value":"x"}`, 404, "; there is esxi-a"},
		{"POST", "/set", `{"object":"HostSystem:host-1","property":"name","value":"x"}`, 404, "found no object HostSystem:host-1"},
		{"POST", "/set", `{"object":"host/esxi-a","property":"runtime.inMaintenance","value":true}`, 400, `want one that HostRuntimeInfo has: bootTime, connectionState`},
		{"POST", "/set", `{"object":"host/esxi-a","property":"Runtime","value":true}`, 400, `found property \"Runtime\"`},
		{"POST", "/set", `{"object":"host/esxi-a","property":"","value":true}`, 400, `found property \"\"`},
		{"POST", "/set", `{"object":"host/esxi-a","property":"runtime.inMaintenanceMode.x","value":true}`, 400, "found property"},
		{"POST", "/set", `{"object":"host/esxi-a","property":"runtime.inMaintenanceMode","value":"yes"}`, 400, `want a value of type bool`},
		{"POST", "/set", `{"object":"host/esxi-a","property":"runtime.inMaintenanceMode"}`, 400, `found no value`},
		{"POST", "/set", `{"object":"host/esxi-a","property":"summary.runtime.inMaintenanceMode","value":true}`, 400, "want runtime.inMaintenanceMode"},
		{"POST", "/set", `{"object":"cluster/gpu","property":"summary","value":{"_typeName":"AboutInfo"}}`, 400, "found "},
		{"POST", "/set", `{"object":"cluster/gpu","property":"summary","value":{"_typeName":"Nonsense"}}`, 400, "found "},
		{"POST", "/set", `{"object":"cluster/gpu","property":"summary","value":{}}`, 400, "found "},
		{"POST", "/set", `{"object":"cluster/gpu","property":"summary.numHosts","value":[]}`, 400, "want a value of type int32"},
		{"POST", "/set", `{"object":"vm/twin","property":"name","value":"x"}`, 404, `found 2 vms named \"twin\", want one of their references: VirtualMachine:vm-`},
		{"POST", "/maintenance", `{"host":"esxi-a","state":"in"}`, 400, `found state \"in\", want enter, entering or exit`},
		{"POST", "/vmotion", `{"vm":"nobody","host":"esxi-a"}`, 404, `found no vm \"nobody\"`},
		{"POST", "/vmotion", `{"vm":"fixed","host":"esxi-b"}`, 409, "holds a passthrough device and is powered on"},
		{"POST", "/vmotion", `{"vm":"shared","host":"esxi-c"}`, 409, "want a profile that host esxi-c offers: it has none"},
		{"POST", "/power", `{"vm":"shared","state":"on"}`, 400, "want poweredOn, poweredOff or suspended"},
		{"POST", "/scheduled-tasks", `{"name":"x"}`, 400, "want one of them"},
		{"POST", "/scheduled-tasks", `{"host":"esxi-a","name":"x","action":"RebootHost_Task","at":"soon"}`, 400, `at: found \"soon\"`},
		{"POST", "/scheduled-tasks", `{"host":"esxi-a","name":"x","at":"in 1h"}`, 400, "found no action, want it set"},
		{"DELETE", "/scheduled-tasks", `{"host":"esxi-a","name":"x"}`, 404, `found no scheduled task \"x\" of esxi-a`},
		{"POST", "/vms", `{"host":"esxi-c","vm":{"name":"n","gpus":[{"kind":"vgpu","profile":"p"}]}}`, 400, "want a profile that host esxi-c offers"},
		{"POST", "/vms", `{"host":"esxi-c","vm":{"name":"n","colour":"red"}}`, 400, "colour: found an unknown field"},
		{"POST", "/vms", `{"host":"esxi-c"}`, 400, "found text that is not JSON"},
		{"DELETE", "/vms", `{"vm":"n"}`, 404, `found no vm \"n\"`},
		{"POST", "/session-timeout", `{"seconds":0}`, 400, "found 0 seconds, want 1 to"},
		{"POST", "/faults", `{"fault":"NotAuthenticated"}`, 400, "found no method"},
		{"POST", "/faults", `{"method":"*","fault":"Broken"}`, 400, `found fault \"Broken\", want a vim25 fault`},
		{"POST", "/faults", `{"method":"*","fault":"HostSystem"}`, 400, `found fault \"HostSystem\"`},
		{"POST", "/faults", `{"method":"*","http":99}`, 400, "want 200 to 599"},
		{"POST", "/faults", `{"method":"*","http":503,"garbage":true}`, 400, "want at most one"},
		{"POST", "/faults", `{"method":"*"}`, 400, "found nothing to do"},
		{"POST", "/network", `{"mode":"slow"}`, 400, "want ok, refuse, hang or reset"},
		{"POST", "/deny", `{"object":"host/esxi-a"}`, 400, "found no paths"},
	} {
		status, body := bed.Control(test.method, test.path, test.body)
		name := strings.TrimSpace(test.method + " " + test.path + " " + test.body[:min(len(test.body), 90)])
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Error == "" {
			t.Errorf("%s: found %q, want a JSON object with an error", name, body)
		}
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: found %d %s, want %d with %s", name, status, body, test.status, test.want)
		}
	}
	bed.Do("GET", "/healthz", "")
}

func TestVmotionMovesTheMachineAndItsHostsLists(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	bed.Do("POST", "/vmotion", `{"vm":"shared","host":"esxi-b"}`)
	vm := machine(t, bed, client, "shared", "runtime.host", "summary.runtime.host")
	a, b := host(t, bed, client, "esxi-a", "vm"), host(t, bed, client, "esxi-b", "vm")
	wants(t, "host", *vm.Runtime.Host, b.Self)
	wants(t, "summary's host", *vm.Summary.Runtime.Host, b.Self)
	wants(t, "in the old host's list", slices.Contains(a.Vm, vm.Self), false)
	wants(t, "in the new host's list", slices.Contains(b.Vm, vm.Self), true)
	bed.Do("POST", "/vmotion", `{"vm":"shared","host":"esxi-b"}`)
	wants(t, "machines there after moving twice", len(host(t, bed, client, "esxi-b", "vm").Vm), 1)
}

func TestEnteringMaintenanceShowsATaskBeforeTheProperty(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	state := func() string {
		t.Helper()
		h := host(t, bed, client, "esxi-a", "runtime.inMaintenanceMode", "recentTask")
		text := fmt.Sprint(h.Runtime.InMaintenanceMode)
		for _, ref := range h.RecentTask {
			var task mo.Task
			if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), ref, []string{"info"}, &task); err != nil {
				t.Fatal(err)
			}
			text += " " + task.Info.DescriptionId + " " + string(task.Info.State)
		}
		return text
	}
	for _, step := range []struct{ state, want string }{
		{"entering", "false HostSystem.enterMaintenanceMode running"},
		{"entering", "false HostSystem.enterMaintenanceMode running"},
		{"enter", "true HostSystem.enterMaintenanceMode success"},
		{"exit", "false"},
		{"entering", "false HostSystem.enterMaintenanceMode running"},
		{"exit", "false"},
		{"enter", "true"},
	} {
		bed.Do("POST", "/maintenance", fmt.Sprintf(`{"host":"esxi-a","state":%q}`, step.state))
		wants(t, "after "+step.state, state(), step.want)
	}
}

func TestPowerTakesTheGuestAndItsUsageAlong(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	for _, step := range []struct{ state, want string }{
		{"poweredOff", "poweredOff  gray 0"},
		{"poweredOn", "poweredOn shared.example.com green 87"},
		{"suspended", "suspended  gray 0"},
	} {
		bed.Do("POST", "/power", fmt.Sprintf(`{"vm":"shared","state":%q}`, step.state))
		vm := machine(t, bed, client, "shared", "runtime.powerState", "guest", "guestHeartbeatStatus", "summary.quickStats")
		found := fmt.Sprint(vm.Runtime.PowerState, " ", vm.Guest.HostName, " ", vm.GuestHeartbeatStatus, " ", vm.Summary.QuickStats.OverallCpuDemand)
		wants(t, step.state, found, step.want)
	}
}

func TestAScheduledTaskIsCreatedMovedAndRemovedByName(t *testing.T) {
	bed := testbed.Start(t, story)
	before := len(scheduledTasks(t, bed))
	bed.Do("POST", "/scheduled-tasks", `{"host":"esxi-c","name":"new","action":"RebootHost_Task","at":"in 5h"}`)
	wants(t, "tasks after creating", len(scheduledTasks(t, bed)), before+1)
	bed.Do("POST", "/scheduled-tasks", `{"host":"esxi-c","name":"new","at":"2027-01-01T00:00:00Z"}`)
	task := truthOf(t, bed, "esxi-c").ScheduledTasks
	wants(t, "moved", fmt.Sprint(len(task), task[0].NextRunTime.Year(), " ", task[0].Action, " ", task[0].Enabled), "1 2027 RebootHost_Task true")
	bed.Do("POST", "/scheduled-tasks", `{"host":"esxi-c","name":"new","enabled":false}`)
	task = truthOf(t, bed, "esxi-c").ScheduledTasks
	wants(t, "disabled", fmt.Sprint(task[0].NextRunTime.Year(), task[0].Enabled), "2027 false")
	bed.Do("POST", "/scheduled-tasks", `{"cluster":"gpu","name":"new","action":"CreateTask:com.vmware.vcIntegrity.RemediateTask","at":"in 5h"}`)
	bed.Do("DELETE", "/scheduled-tasks", `{"host":"esxi-c","name":"new"}`)
	bed.Do("DELETE", "/scheduled-tasks", `{"cluster":"gpu","name":"new"}`)
	wants(t, "tasks after removing", len(scheduledTasks(t, bed)), before)
}

func TestMachinesComeAndGo(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	bed.Do("POST", "/vms", `{"host":"esxi-b","vm":{"name":"late","cpuDemandMhz":9,"gpus":[{"kind":"vgpu","profile":"grid_a100d-40c"}]}}`)
	late := machine(t, bed, client, "late", "runtime.host", "summary.quickStats")
	wants(t, "demand", late.Summary.QuickStats.OverallCpuDemand, 9)
	wants(t, "host's list", slices.Contains(host(t, bed, client, "esxi-b", "vm").Vm, late.Self), true)
	if status, body := bed.Control("POST", "/vms", `{"host":"esxi-b","vm":{"name":"late"}}`); status != http.StatusConflict {
		t.Errorf("the same machine again: found %d %s, want 409", status, body)
	}
	bed.Do("DELETE", "/vms", `{"vm":"late"}`)
	wants(t, "host's list after removal", len(host(t, bed, client, "esxi-b", "vm").Vm), 0)
}

// truthOf is the named host's part of the truth.
func truthOf(t *testing.T, bed *testbed.Bed, name string) inventory.HostTruth {
	t.Helper()
	var hosts []inventory.HostTruth
	if err := json.Unmarshal([]byte(bed.Do("GET", "/truth", "")), &hosts); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(hosts, func(h inventory.HostTruth) bool { return h.Host == name })
	if i < 0 {
		t.Fatalf("found no host %q in the truth", name)
	}
	return hosts[i]
}

func TestTheTruthFollowsEveryChange(t *testing.T) {
	bed := testbed.Start(t, story)
	a := truthOf(t, bed, "esxi-a")
	wants(t, "machines", len(a.VirtualMachines), 7)
	wants(t, "first", fmt.Sprintf("%s %s %d %d %v", a.VirtualMachines[0].Name, a.VirtualMachines[0].Power, a.VirtualMachines[0].CPUDemandMhz,
		a.VirtualMachines[0].GuestMemoryMib, a.VirtualMachines[0].GPUs[0].Profile), "shared poweredOn 87 327 grid_a100d-40c")
	wants(t, "card", a.VirtualMachines[1].GPUs[0].PciID, "0000:86:00.0")
	wants(t, "name, not escaped", a.VirtualMachines[6].Name, "a/b%c")
	wants(t, "time", a.ScheduledTasks[0].NextRunTime.Format(time.RFC3339), "2026-12-01T02:00:00Z")

	bed.Do("POST", "/set", `{"object":"vm/shared","property":"runtime.host","value":null}`)
	bed.Do("POST", "/set", `{"object":"host/esxi-a","property":"runtime.connectionState","value":"disconnected"}`)
	a = truthOf(t, bed, "esxi-a")
	wants(t, "machines left", len(a.VirtualMachines), 6)
	wants(t, "connection", a.ConnectionState, "disconnected")
	wants(t, "homeless", truthOf(t, bed, "").VirtualMachines[0].Name, "shared")
}
