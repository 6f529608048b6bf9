package vcenter_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// places has folders of every kind, names that vCenter escapes, and a vApp.
const places = `{
  "datacenters": [
    { "name": "DC1", "folder": "Europe/Cork" , "clusters": [
      { "name": "gpu", "folder": "racks/r%2f1", "hosts": [
        { "name": "esxi-a", "virtualMachines": [
          {"name": "top"},
          {"name": "deep", "folder": "ml/team-a"},
          {"name": "beside", "folder": "ml/team-a"},
          {"name": "a/b", "folder": "x%2fy"},
          {"name": "lost", "folder": "ml", "onNoHost": true},
          {"name": "grouped", "vApp": "stack"}]},
        { "name": "esxi-b", "virtualMachines": [{"name": "also grouped", "vApp": "stack"}]}]},
      { "name": "spare" }]},
    { "name": "50%/2", "clusters": [{ "name": "a/c", "hosts": [{"name": "esxi-c", "virtualMachines": [{"name": "far"}]}]}]}
  ]
}`

// pathOf climbs from the object to the root over SOAP, as a client does.
func pathOf(t *testing.T, client *govmomi.Client, ref types.ManagedObjectReference) string {
	t.Helper()
	var names []string
	for ref.Value != "" && ref != client.ServiceContent.RootFolder {
		var entity mo.ManagedEntity
		if err := property.DefaultCollector(client.Client).RetrieveOne(context.Background(), ref, []string{"name", "parent"}, &entity); err != nil {
			t.Fatal(err)
		}
		names = append(names, entity.Name)
		ref = types.ManagedObjectReference{}
		if entity.Parent != nil {
			ref = *entity.Parent
		}
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

func TestObjectsAreInTheFoldersThatTheFleetNames(t *testing.T) {
	bed := testbed.Start(t, places)
	client := bed.Login()
	for object, want := range map[string]string{
		"vm/top":           "Europe/Cork/DC1/vm/top",
		"vm/deep":          "Europe/Cork/DC1/vm/ml/team-a/deep",
		"vm/beside":        "Europe/Cork/DC1/vm/ml/team-a/beside",
		"vm/a/b":           "Europe/Cork/DC1/vm/x%2fy/a%2fb",
		"vm/grouped":       "grouped",
		"vm/far":           "50%25%2f2/vm/far",
		"host/esxi-a":      "Europe/Cork/DC1/host/racks/r%2f1/gpu/esxi-a",
		"cluster/spare":    "Europe/Cork/DC1/host/spare",
		"cluster/a/c":      "50%25%2f2/host/a%2fc",
		"datacenter/50%/2": "50%25%2f2",
	} {
		found, err := bed.World.Find(object)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, object, pathOf(t, client, found.Reference()), want)
	}
	wants(t, "folders named team-a", len(named(bed, "Folder", "team-a")), 1)
}

func named(bed *testbed.Bed, kind, name string) []mo.Entity {
	return slices.DeleteFunc(bed.World.Registry.All(kind), func(e mo.Entity) bool { return e.Entity().Name != name })
}

// inView are the names of the objects of the kind in a ContainerView of everything.
func inView(t *testing.T, client *govmomi.Client, kind string) []string {
	t.Helper()
	v, err := view.NewManager(client.Client).CreateContainerView(context.Background(), client.ServiceContent.RootFolder, []string{kind}, true)
	if err != nil {
		t.Fatal(err)
	}
	var entities []mo.ManagedEntity
	if err := v.Retrieve(context.Background(), []string{kind}, []string{"name"}, &entities); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entity := range entities {
		names = append(names, entity.Name)
	}
	slices.Sort(names)
	return names
}

func TestAContainerViewHoldsWhatIsInFoldersAndVApps(t *testing.T) {
	bed := testbed.Start(t, places)
	client := bed.Login()
	wants(t, "machines", inView(t, client, "VirtualMachine"), []string{"a%2fb", "also grouped", "beside", "deep", "far", "grouped", "lost", "top"})
	wants(t, "host of a lost machine", machine(t, bed, client, "lost", "runtime.host").Runtime.Host == nil, true)
	wants(t, "its path", pathOf(t, client, named(bed, "VirtualMachine", "lost")[0].Reference()), "Europe/Cork/DC1/vm/ml/lost")
	wants(t, "hosts", inView(t, client, "HostSystem"), []string{"esxi-a", "esxi-b", "esxi-c"})
	wants(t, "clusters", inView(t, client, "ClusterComputeResource"), []string{"a%2fc", "gpu", "spare"})
	wants(t, "datacenters", inView(t, client, "Datacenter"), []string{"50%25%2f2", "DC1"})
	folders := strings.Join(inView(t, client, "Folder"), " ")
	for _, name := range []string{"Cork", "Europe", "ml", "r%2f1", "racks", "team-a", "vm", "x%2fy"} {
		contains(t, "folders", folders, name)
	}
}

func TestAMachineOfAVAppHasNoParent(t *testing.T) {
	bed := testbed.Start(t, places)
	client := bed.Login()
	one := machine(t, bed, client, "grouped", "parent", "parentVApp", "resourcePool")
	other := machine(t, bed, client, "also grouped", "parentVApp")
	wants(t, "parent", one.Parent == nil, true)
	wants(t, "vApp", one.ParentVApp.Type, "VirtualApp")
	wants(t, "pool", *one.ResourcePool, *one.ParentVApp)
	wants(t, "the other's vApp", *other.ParentVApp, *one.ParentVApp)
	bed.Do("DELETE", "/vms", `{"vm":"grouped"}`)
	wants(t, "machines left", len(inView(t, client, "VirtualMachine")), 7)
}

func TestAMachineIsAddedBelowItsHostsDatacenter(t *testing.T) {
	bed := testbed.Start(t, places)
	client := bed.Login()
	bed.Do("POST", "/vms", `{"host":"esxi-a","vm":{"name":"late","folder":"ml/team-b"}}`)
	found, err := bed.World.Find("vm/late")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "path", pathOf(t, client, found.Reference()), "Europe/Cork/DC1/vm/ml/team-b/late")
	status, body := bed.Control("POST", "/vms", `{"host":"esxi-a","vm":{"name":"torn","folder":"ml","vApp":"stack"}}`)
	wants(t, "two places", status, 400)
	contains(t, "two places", body, "want one of them")
}

func TestAHostMovesToAnotherClusterWithItsMachines(t *testing.T) {
	bed := testbed.Start(t, places)
	client := bed.Login()
	bed.Do("POST", "/move-host", `{"host":"esxi-a","cluster":"spare"}`)
	bed.Do("POST", "/move-host", `{"host":"esxi-a","cluster":"spare"}`)
	a := host(t, bed, client, "esxi-a", "parent")
	spare := read[mo.ClusterComputeResource](t, bed, client, "cluster/spare", "host", "resourcePool")
	wants(t, "parent", *a.Parent, spare.Self)
	wants(t, "hosts there", spare.Host, []types.ManagedObjectReference{a.Self})
	wants(t, "hosts left", len(read[mo.ClusterComputeResource](t, bed, client, "cluster/gpu", "host").Host), 1)
	wants(t, "pool of a machine", *machine(t, bed, client, "deep", "resourcePool").ResourcePool, *spare.ResourcePool)
	wants(t, "machines", len(inView(t, client, "VirtualMachine")), 8)
	wants(t, "cluster in the truth", truthOf(t, bed, "esxi-a").Cluster, "spare")
	status, _ := bed.Control("POST", "/move-host", `{"host":"esxi-a","cluster":"none"}`)
	wants(t, "a cluster that is not there", status, 404)
}
