package vcenter_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// foretold has everything from which maintenance can be foretold, and what is to be ignored beside it.
const foretold = `{
  "expected": {"anything": [1, null, {"at": "all"}]},
  "clockSkew": "in 5m",
  "globalAttributes": ["window", "never set"],
  "datacenters": [
    { "name": "DC1", "customAttributes": {"window": "{in 40h}/PT4H", "owner": "lab"},
      "scheduledTasks": [{"name": "site", "action": "EnterMaintenanceMode_Task", "at": "in 9h"}],
      "clusters": [
      { "name": "gpu", "customAttributes": {"window": ""},
        "scheduledTasks": [{"name": "cluster", "action": "EnterMaintenanceMode_Task", "at": "in 8h"}],
        "runningTasks": [{"descriptionId": "ClusterComputeResource.enterMaintenanceMode", "state": "queued"}],
        "hosts": [
        { "name": "esxi-a", "customAttributes": {"window": "{2h ago}/{in 1h30m}, {no time}", "rack": "7"},
          "runningTasks": [{"descriptionId": "com.vmware.vcIntegrity.RemediateTask"}, {"descriptionId": "HostSystem.reboot", "state": "error"}]}]}]}]}`

// attributesOf are the object's values by the name of the attribute.
func attributesOf(t *testing.T, bed *testbed.Bed, client *govmomi.Client, object string) map[string]string {
	t.Helper()
	names := map[int32]string{}
	for _, field := range fieldsOf(t, client) {
		names[field.Key] = field.Name
	}
	values := map[string]string{}
	for _, value := range read[mo.ManagedEntity](t, bed, client, object, "customValue").CustomValue {
		text := value.(*types.CustomFieldStringValue)
		values[names[text.Key]] = text.Value
	}
	return values
}

func fieldsOf(t *testing.T, client *govmomi.Client) []types.CustomFieldDef {
	t.Helper()
	var manager mo.CustomFieldsManager
	if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), *client.ServiceContent.CustomFieldsManager, []string{"field"}, &manager); err != nil {
		t.Fatal(err)
	}
	return manager.Field
}

func near(t *testing.T, what, found string, want time.Time) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, found)
	if err != nil || at.Sub(want).Abs() > time.Minute || at.Location() != time.UTC {
		t.Errorf("%s: found %q, want about %s", what, found, want.UTC().Format(time.RFC3339))
	}
}

func TestAttributesCarryTimesInPlaceOfBraces(t *testing.T) {
	bed := testbed.Start(t, foretold)
	client := bed.Login()
	now := time.Now()
	ofSite := attributesOf(t, bed, client, "datacenter/DC1")
	near(t, "the datacenter's", ofSite["window"][:20], now.Add(40*time.Hour))
	wants(t, "what follows the time", ofSite["window"][20:], "/PT4H")
	wants(t, "a value without a time", ofSite["owner"], "lab")
	value, set := attributesOf(t, bed, client, "cluster/gpu")["window"]
	wants(t, "an empty value", fmt.Sprintf("%q %t", value, set), `"" true`)
	ofHost := attributesOf(t, bed, client, "host/esxi-a")["window"]
	near(t, "the first of two", ofHost[:20], now.Add(-2*time.Hour))
	near(t, "the second of two", ofHost[21:41], now.Add(90*time.Minute))
	wants(t, "braces that hold no time", ofHost[41:], ", {no time}")
}

func TestGlobalAttributesAreOneForAllTypes(t *testing.T) {
	bed := testbed.Start(t, foretold)
	client := bed.Login()
	types := map[string]string{}
	for _, field := range fieldsOf(t, client) {
		types[field.Name] += "[" + field.ManagedObjectType + "]"
	}
	wants(t, "definitions", types, map[string]string{"window": "[]", "never set": "[]", "owner": "[Datacenter]", "rack": "[HostSystem]"})
}

func TestAnAttributeIsSetAndDefinedOverTheControlEndpoint(t *testing.T) {
	bed := testbed.Start(t, foretold)
	client := bed.Login()
	before := len(fieldsOf(t, client))
	bed.Do("POST", "/custom-attribute", `{"object":"host/esxi-a","name":"window","value":"{in 3h}/PT1H"}`)
	near(t, "changed", attributesOf(t, bed, client, "host/esxi-a")["window"][:20], time.Now().Add(3*time.Hour))
	wants(t, "definitions after a change", len(fieldsOf(t, client)), before)
	bed.Do("POST", "/custom-attribute", `{"object":"host/esxi-a","name":"new","value":""}`)
	wants(t, "definitions after a new one", len(fieldsOf(t, client)), before+1)
	for _, bad := range []string{`{"object":"host/esxi-a","name":"new"}`, `{"object":"host/esxi-a","value":""}`,
		`{"object":"host/esxi-a","name":"new","value":"{in a while}"}`, `{"object":"TaskManager:TaskManager","name":"new","value":""}`} {
		status, body := bed.Control("POST", "/custom-attribute", bad)
		wants(t, bad+" "+body, status, 400)
	}
}

func recentTasks(t *testing.T, bed *testbed.Bed, client *govmomi.Client, object string) map[string]string {
	t.Helper()
	states := map[string]string{}
	for _, ref := range read[mo.ManagedEntity](t, bed, client, object, "recentTask").RecentTask {
		var task mo.Task
		if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), ref, []string{"info"}, &task); err != nil {
			t.Fatal(err)
		}
		states[task.Info.DescriptionId] = string(task.Info.State)
	}
	return states
}

func TestRunningTasksShowOnTheirObject(t *testing.T) {
	bed := testbed.Start(t, foretold)
	client := bed.Login()
	wants(t, "host", recentTasks(t, bed, client, "host/esxi-a"),
		map[string]string{"com.vmware.vcIntegrity.RemediateTask": "running", "HostSystem.reboot": "error"})
	wants(t, "cluster", recentTasks(t, bed, client, "cluster/gpu"), map[string]string{"ClusterComputeResource.enterMaintenanceMode": "queued"})

	bed.Do("POST", "/running-tasks", `{"object":"cluster/gpu","descriptionId":"ClusterComputeResource.enterMaintenanceMode","state":"success"}`)
	bed.Do("POST", "/running-tasks", `{"object":"cluster/gpu","descriptionId":"new","state":"running"}`)
	wants(t, "cluster, changed", recentTasks(t, bed, client, "cluster/gpu"),
		map[string]string{"ClusterComputeResource.enterMaintenanceMode": "success", "new": "running"})
	status, body := bed.Control("POST", "/running-tasks", `{"object":"cluster/gpu","descriptionId":"new","state":"done"}`)
	wants(t, "no state", status, 400)
	contains(t, "no state", body, "queued running success error")
}

func TestADatacenterHasScheduledTasksOfItsOwn(t *testing.T) {
	bed := testbed.Start(t, foretold)
	owners := func() map[string]string {
		t.Helper()
		var tasks []mo.ScheduledTask
		if err := property.DefaultCollector(bed.Login().Client).Retrieve(context.Background(), scheduledTasks(t, bed), []string{"info"}, &tasks); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, task := range tasks {
			found[task.Info.Name] = task.Info.Entity.Type
		}
		return found
	}
	wants(t, "from the file", owners(), map[string]string{"site": "Datacenter", "cluster": "ClusterComputeResource"})
	bed.Do("POST", "/scheduled-tasks", `{"datacenter":"DC1","name":"more","action":"RebootHost_Task","at":"in 5h"}`)
	bed.Do("POST", "/scheduled-tasks", `{"object":"folder/Datacenters","name":"all","action":"RebootHost_Task","at":"in 5h"}`)
	bed.Do("DELETE", "/scheduled-tasks", `{"datacenter":"DC1","name":"site"}`)
	wants(t, "changed", owners(), map[string]string{"more": "Datacenter", "all": "Folder", "cluster": "ClusterComputeResource"})
	status, _ := bed.Control("DELETE", "/scheduled-tasks", `{"datacenter":"DC1","cluster":"gpu","name":"more"}`)
	wants(t, "of two objects", status, 400)
}

func TestTheClockIsAheadAsSet(t *testing.T) {
	bed := testbed.Start(t, foretold)
	client := bed.Login()
	ahead := func() time.Duration {
		t.Helper()
		at, err := methods.GetCurrentTime(context.Background(), client)
		if err != nil {
			t.Fatal(err)
		}
		return time.Until(*at).Round(10 * time.Second)
	}
	wants(t, "from the file", ahead(), "5m0s")
	bed.Do("POST", "/clock", `{"skew":"2h ago"}`)
	wants(t, "behind", ahead(), "-2h0m0s")
	bed.Do("POST", "/clock", `{}`)
	wants(t, "right", ahead(), "0s")
	status, _ := bed.Control("POST", "/clock", `{"skew":"late"}`)
	wants(t, "no time", status, 400)
}

func TestADeniedPathNamesThePrivilegeAndTheObject(t *testing.T) {
	bed := testbed.Start(t, foretold)
	client := bed.Login()
	manager := *client.ServiceContent.ScheduledTaskManager
	bed.Do("POST", "/deny", fmt.Sprintf(`{"object":%q,"paths":["scheduledTask"]}`, manager.String()))
	result, err := retrieve(client, manager, nil, manager.Type, "scheduledTask")
	if err != nil {
		t.Fatal(err)
	}
	body := bed.Do("POST", "/deny", `{"type":"ComputeResource","paths":["name"]}`)
	contains(t, "objects of a type", body, `"type":"ClusterComputeResource"`)
	status, _ := bed.Control("POST", "/deny", `{"type":"ComputeResource","object":"cluster/gpu","paths":["name"]}`)
	wants(t, "a type and an object", status, 400)
	status, _ = bed.Control("POST", "/deny", `{"type":"Cluster","paths":["name"]}`)
	wants(t, "a type of which there is none", status, 400)
	denied := result.Objects[0].MissingSet[0].Fault.Fault.(*types.NoPermission)
	wants(t, "privilege", denied.PrivilegeId, "System.Read")
	wants(t, "object", *denied.Object, manager)
}
