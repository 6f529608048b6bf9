package fleet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// withHost is a fleet of one host with the given fields besides its name.
func withHost(fields string) string {
	return fmt.Sprintf(`{"datacenters":[{"name":"DC0","clusters":[{"name":"gpu","hosts":[{"name":"esxi-a"%s}]}]}]}`, fields)
}

// withMachines is a fleet of one host that has two cards and a profile, with the given machines.
func withMachines(vms string) string {
	return withHost(`,"gpus":[
		{"pciId":"0000:3b:00.0","vendorId":"0x10de","deviceId":"0x20b5","vgpuProfiles":["grid_a100d-40c"]},
		{"pciId":"0000:86:00.0","vendorId":"0x10de","deviceId":"0x20b5"}],
		"pciDevices":[{"pciId":"0000:31:00.0","vendorId":"0x15b3","deviceId":"0x101d","classId":"0x0200"}],
		"virtualMachines":[` + vms + `]`)
}

const (
	host = "datacenters[0].clusters[0].hosts[0]"
	vm   = host + ".virtualMachines[0]"
)

func TestABadFleetIsRefusedByPlaceFoundAndWanted(t *testing.T) {
	for _, test := range []struct{ name, fleet, want string }{
		{"nothing", ``, `found text that is not JSON (EOF), want one JSON object`},
		{"half a file", `{"datacenters":[`, `found text that is not JSON (unexpected EOF), want one JSON object`},
		{"a list", `[]`, `found array, want object`},
		{"no datacenters", `{}`, `found no datacenters, want it set`},
		{"an empty list of them", `{"datacenters":[]}`, `datacenters: found a list of 0, but minItems: got 0, want 1`},
		{"a wrong type", withHost(`,"cpuMhz":"fast"`), host + `.cpuMhz: found string, want integer`},
		{"a number out of range", withHost(`,"cpuCores":0`), host + `.cpuCores: found 0, but minimum: got 0, want 1`},
		{"a fraction", withHost(`,"memoryMib":1.5`), host + `.memoryMib: found number, want integer`},
		{"an unknown field", withHost(`,"cpuMHz":1`), host + `.cpuMHz: found an unknown field, want one that the schema names`},
		{"an unknown word", withHost(`,"connectionState":"up"`), host + `.connectionState: found "up", want one of "connected", "disconnected", "notResponding"`},
		{"null", withHost(`,"inMaintenance":null`), host + `.inMaintenance: found null, want boolean`},
		{"a nameless machine", withMachines(`{}`), vm + `: found no name, want it set`},
		{"a short uuid", withMachines(`{"name":"a","uuid":"12"}`), vm + `.uuid: found "12", want text like ^[0-9a-fA-F]{8}-`},
		{"a card of no host", withMachines(`{"name":"a","gpus":[{"kind":"passthrough","pciId":"0000:ff:00.0"}]}`),
			vm + `.gpus[0].pciId: found "0000:ff:00.0", want a device of host esxi-a: 0000:3b:00.0, 0000:86:00.0, 0000:31:00.0`},
		{"an assigned card of no host", withMachines(`{"name":"a","gpus":[{"kind":"dynamic","vendorId":"0x10de","deviceId":"0x20b5","assignedPciId":"0000:ff:00.0"}]}`),
			vm + `.gpus[0].assignedPciId: found "0000:ff:00.0", want a device of host esxi-a`},
		{"a profile that is not offered", withMachines(`{"name":"a","gpus":[{"kind":"vgpu","profile":"x"}]}`),
			vm + `.gpus[0].profile: found "x", want a profile that host esxi-a offers: grid_a100d-40c`},
		{"a profile on a host without any", withHost(`,"virtualMachines":[{"name":"a","gpus":[{"kind":"vgpu","profile":"x"}]}]`),
			vm + `.gpus[0].profile: found "x", want a profile that host esxi-a offers: it has none`},
		{"an unknown kind", withMachines(`{"name":"a","gpus":[{"kind":"gpu"}]}`), vm + `.gpus[0].kind: found "gpu", want one of "vgpu", "passthrough", "dynamic", "dvx", "sriov"`},
		{"fields of another kind", withMachines(`{"name":"a","gpus":[{"kind":"vgpu","profile":"grid_a100d-40c","pciId":"0000:3b:00.0"}]}`),
			vm + `.gpus[0].pciId: found an unknown field`},
		{"one card in two running machines", withMachines(`{"name":"a","gpus":[{"kind":"passthrough","pciId":"0000:3b:00.0"}]},{"name":"b","gpus":[{"kind":"passthrough","pciId":"0000:3b:00.0"}]}`),
			host + `.virtualMachines[1].gpus[0]: found "0000:3b:00.0" again, want it only once (it is at ` + vm + `.gpus[0])`},
		{"one card twice in a host", withHost(`,"gpus":[{"pciId":"0000:3b:00.0","vendorId":"0x10de","deviceId":"0x20b5"}],"pciDevices":[{"pciId":"0000:3b:00.0","vendorId":"0x15b3","deviceId":"0x1","classId":"0x0200"}]`),
			host + `.pciDevices[0].pciId: found "0000:3b:00.0" again, want it only once (it is at ` + host + `.gpus[0].pciId)`},
		{"an upper-case PCI id", withHost(`,"gpus":[{"pciId":"0000:3B:00.0","vendorId":"0x10de","deviceId":"0x20b5"}]`), host + `.gpus[0].pciId: found "0000:3B:00.0", want text like`},
		{"a vendor without 0x", withHost(`,"gpus":[{"pciId":"0000:3b:00.0","vendorId":"10de","deviceId":"0x20b5"}]`), host + `.gpus[0].vendorId: found "10de", want text like`},
		{"a time that is none", withHost(`,"scheduledTasks":[{"name":"p","action":"RebootHost_Task","at":"soon"}]`), host + `.scheduledTasks[0].at: found "soon", want a time such as "in 399h"`},
		{"an action that is none", withHost(`,"scheduledTasks":[{"name":"p","action":"reboot!","at":"in 1h"}]`), host + `.scheduledTasks[0].action: found "reboot!", want text like`},
		{"a task twice", withHost(`,"scheduledTasks":[{"name":"p","action":"RebootHost_Task","at":"in 1h"},{"name":"p","action":"RebootHost_Task","at":"in 2h"}]`),
			host + `.scheduledTasks[1].name: found "p" again`},
		{"a datacenter's task at no time", `{"datacenters":[{"name":"A","scheduledTasks":[{"name":"p","action":"RebootHost_Task","at":"soon"}]}]}`,
			`datacenters[0].scheduledTasks[0].at: found "soon", want a time such as`},
		{"an attribute with a time that is none", withHost(`,"customAttributes":{"window":"{in a while}/PT4H"}`), host + `.customAttributes.window: found "in a while", want a time such as`},
		{"an attribute that is a number", withHost(`,"customAttributes":{"window":4}`), host + `.customAttributes.window: found number, want string`},
		{"a running task in no state", withHost(`,"runningTasks":[{"descriptionId":"HostSystem.reboot","state":"done"}]`), host + `.runningTasks[0].state: found "done", want one of "queued", "running"`},
		{"a running task of no kind", withHost(`,"runningTasks":[{}]`), host + `.runningTasks[0]: found no descriptionId, want it set`},
		{"a clock that is a time", `{"clockSkew":"2026-12-01T02:00:00Z","datacenters":[{"name":"A"}]}`, `clockSkew: found "2026-12-01T02:00:00Z", want text like`},
		{"a clock that is no time", `{"clockSkew":"in a while","datacenters":[{"name":"A"}]}`, `clockSkew: found "in a while", want a time such as`},
		{"a folder that begins with a slash", withMachines(`{"name":"a","folder":"/ml"}`), vm + `.folder: found "/ml", want text like`},
		{"a machine in a folder and a vApp", withMachines(`{"name":"a","folder":"ml","vApp":"b"}`), vm + `: found folder and vApp, want one of them`},
		{"an SR-IOV card of no host", withMachines(`{"name":"a","gpus":[{"kind":"sriov","pciId":"0000:ff:00.0"}]}`), vm + `.gpus[0].pciId: found "0000:ff:00.0", want a device of host`},
		{"a DVX device without a class", withMachines(`{"name":"a","gpus":[{"kind":"dvx"}]}`), vm + `.gpus[0]: found no deviceClass, want it set`},
		{"a global attribute twice", `{"globalAttributes":["a","a"],"datacenters":[{"name":"A"}]}`, `globalAttributes: found a list of 2, but`},
		{"kubernetesNode: true", withMachines(`{"name":"a","kubernetesNode":true}`), vm + `.kubernetesNode: found true, which is not allowed here`},
		{"a taint without effect", withMachines(`{"name":"a","kubernetesNode":{"taints":[{"key":"k"}]}}`), vm + `.kubernetesNode.taints[0]: found no effect, want it set`},
		{"a host twice", `{"datacenters":[{"name":"A","clusters":[{"name":"x","hosts":[{"name":"h"}]}]},{"name":"B","clusters":[{"name":"x","hosts":[{"name":"h"}]}]}]}`,
			`datacenters[1].clusters[0].hosts[0].name: found "h" again, want it only once (it is at datacenters[0].clusters[0].hosts[0].name)`},
		{"a cluster twice", `{"datacenters":[{"name":"A","clusters":[{"name":"x"},{"name":"x"}]}]}`, `datacenters[0].clusters[1].name: found "x" again`},
		{"an instance uuid twice", withMachines(`{"name":"a","instanceUuid":"00000000-0000-0000-0000-00000000000A"},{"name":"b","instanceUuid":"00000000-0000-0000-0000-00000000000a"}`),
			host + `.virtualMachines[1].instanceUuid: found "00000000-0000-0000-0000-00000000000a" again`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := fleet.Parse([]byte(test.fleet), noon)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("found error %v\nwant          %s", err, test.want)
			}
		})
	}
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	_, err := fleet.Parse([]byte(withHost(`,"cpuMhz":0,"colour":"red","powerState":"half"`)), noon)
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 3 {
		t.Errorf("found %d problems, want 3:\n%v", len(lines), err)
	}
}

func TestAbsentFieldsHaveDefaults(t *testing.T) {
	f, err := fleet.Parse([]byte(withMachines(`{"name":"worker-7"},{"name":"worker-7"}`)), noon)
	if err != nil {
		t.Fatal(err)
	}
	h := f.Datacenters[0].Clusters[0].Hosts[0]
	got := fmt.Sprint(f.APIVersion, h.CPUMhz, h.CPUCores, h.MemoryMib, h.ConnectionState, h.PowerState, h.StandbyMode, h.GPUs[0].ClassID, h.GPUs[0].GraphicsMode, h.GPUs[0].MigrateSupported)
	if want := fmt.Sprint("8.0.3.0", 2400, 32, 262144, "connected", "poweredOn", "none", "0x0302", "direct", true); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	first, second := h.VirtualMachines[0], h.VirtualMachines[1]
	if first.Power != "poweredOn" || first.UUID != "f7ffae6a-dec4-5474-8902-5ca45590f79d" {
		t.Errorf("found power %s and uuid %s, want poweredOn and the version 5 uuid of worker-7", first.Power, first.UUID)
	}
	if first.UUID != second.UUID || first.InstanceUUID == second.InstanceUUID {
		t.Errorf("two machines of one name: found uuids %s, %s and instance uuids %s, %s; want equal and different",
			first.UUID, second.UUID, first.InstanceUUID, second.InstanceUUID)
	}
}

func TestTheVCentersIdentityComesFromTheContent(t *testing.T) {
	id := func(text string) string {
		f, err := fleet.Parse([]byte(text), noon)
		if err != nil {
			t.Fatal(err)
		}
		return f.InstanceUUID
	}
	a, spaced, b := id(withHost(``)), id(" "+withHost(` `)+"\n"), id(withHost(`,"cpuMhz":2401`))
	if a != spaced || a == b {
		t.Errorf("found %s, %s with spaces, %s for another fleet; want the first two equal and the third different", a, spaced, b)
	}
	const given = "11111111-2222-3333-4444-555555555555"
	if got := id(`{"instanceUuid":"` + given + `","datacenters":[{"name":"A"}]}`); got != given {
		t.Errorf("found %s, want the given %s", got, given)
	}
}

func TestTheCommittedFleetsAreGood(t *testing.T) {
	files, err := filepath.Glob("../../fleets/*.json")
	rules, rulesErr := filepath.Glob("../../fleets/rules/*.json")
	if err != nil || rulesErr != nil || len(files) == 0 || len(rules) == 0 {
		t.Fatalf("found %d files and %d rules, %v, %v, want the committed fleets", len(files), len(rules), err, rulesErr)
	}
	files = append(files, rules...)
	for _, file := range files {
		if _, err := fleet.Load(file, noon); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.json")
	if _, err := fleet.Load(missing, noon); !os.IsNotExist(err) || !strings.Contains(err.Error(), missing) {
		t.Errorf("found %v, want an error that names the file", err)
	}
}
