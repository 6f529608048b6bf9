package collector_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

const tree = `{ "datacenters": [{ "name": "DC1", "clusters": [
  { "name": "one", "hosts": [{ "name": "esxi-a", "virtualMachines": [{"name": "vm-a", "folder": "ml"}]}]},
  { "name": "two" }]}]}`

// newTreeWatcher watches what tells where an object is and what is written on it, of the whole tree.
func newTreeWatcher(t *testing.T, bed *testbed.Bed) *watcher {
	t.Helper()
	w := &watcher{t: t, bed: bed, client: bed.Login()}
	ctx, content := context.Background(), w.client.ServiceContent
	kinds := []string{"Folder", "Datacenter", "ClusterComputeResource", "HostSystem"}
	view, err := methods.CreateContainerView(ctx, w.client, &types.CreateContainerView{
		This: *content.ViewManager, Container: content.RootFolder, Type: kinds, Recursive: true,
	})
	w.must(err)
	created, err := methods.CreatePropertyCollector(ctx, w.client, &types.CreatePropertyCollector{This: content.PropertyCollector})
	w.must(err)
	w.view, w.collector = view.Returnval, created.Returnval
	spec := types.PropertyFilterSpec{ObjectSet: []types.ObjectSpec{{Obj: w.view, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
		&types.TraversalSpec{Type: "ContainerView", Path: "view"},
	}}}}
	for _, kind := range kinds {
		spec.PropSet = append(spec.PropSet, types.PropertySpec{Type: kind, PathSet: []string{"name", "parent", "customValue"}})
	}
	w.filter(spec)
	fields := *content.CustomFieldsManager
	w.filter(types.PropertyFilterSpec{
		PropSet:   []types.PropertySpec{{Type: fields.Type, PathSet: []string{"field"}}},
		ObjectSet: []types.ObjectSpec{{Obj: fields}},
	})
	return w
}

// told are the changes of a set, as type, kind of change and paths.
func told(set *types.UpdateSet) []string {
	var lines []string
	for _, update := range objects(set) {
		line := update.Obj.Type + " " + string(update.Kind)
		for _, change := range update.ChangeSet {
			line += " " + change.Name
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func TestWhereAnObjectIsAndWhatIsWrittenOnItIsPushed(t *testing.T) {
	bed := testbed.Start(t, tree)
	w := newTreeWatcher(t, bed)
	version := w.next("").Version
	for _, step := range []struct{ request, body, want string }{
		{"/set", `{"object":"cluster/two","property":"name","value":"three"}`, "ClusterComputeResource modify name"},
		{"/set", `{"object":"datacenter/DC1","property":"name","value":"a%2fb"}`, "Datacenter modify name"},
		{"/set", `{"object":"folder/ml","property":"name","value":"ai"}`, "Folder modify name"},
		{"/set", `{"object":"folder/ai","property":"parent","value":{"type":"Folder","value":"group-h4"}}`, "Folder modify parent"},
		{"/move-host", `{"host":"esxi-a","cluster":"three"}`, "HostSystem modify parent"},
		{"/custom-attribute", `{"object":"cluster/one","name":"window","value":""}`, "ClusterComputeResource modify customValue,CustomFieldsManager modify field"},
		{"/custom-attribute", `{"object":"cluster/one","name":"window","value":"x"}`, "ClusterComputeResource modify customValue"},
		{"/custom-attribute", `{"object":"datacenter/a/b","name":"window","value":"x"}`, "CustomFieldsManager modify field,Datacenter modify customValue"},
		{"/custom-attribute", `{"object":"folder/ai","name":"window","value":"x"}`, "CustomFieldsManager modify field,Folder modify customValue"},
		{"/vms", `{"host":"esxi-a","vm":{"name":"late","folder":"new"}}`, "Folder enter name parent customValue"},
	} {
		bed.Do("POST", step.request, step.body)
		var lines []string
		for len(lines) < strings.Count(step.want, ",")+1 {
			set := w.next(version)
			version, lines = set.Version, append(lines, told(set)...)
		}
		slices.Sort(lines)
		if found := strings.Join(lines, ","); found != step.want {
			t.Errorf("%s: found %s, want %s", fmt.Sprint(step.request, step.body), found, step.want)
		}
	}
}
