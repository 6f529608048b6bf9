package collector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// fleetOf has one host and as many machines as asked for.
func fleetOf(machines int) string {
	names := make([]string, machines)
	for i := range names {
		names[i] = fmt.Sprintf(`{"name":"vm-%d","gpus":[{"kind":"vgpu","profile":"p"}]}`, i)
	}
	return fmt.Sprintf(`{"datacenters":[{"name":"DC0","clusters":[{"name":"c","hosts":[
		{"name":"esxi-a","gpus":[{"pciId":"0000:3b:00.0","vendorId":"0x10de","deviceId":"0x20b5","vgpuProfiles":["p"]}],"virtualMachines":[%s]},
		{"name":"esxi-b","gpus":[{"pciId":"0000:3b:00.0","vendorId":"0x10de","deviceId":"0x20b5","vgpuProfiles":["p"]}]}]}]}]}`,
		strings.Join(names, ","))
}

// watcher is a client with a collector of its own, and a list view that it watches.
type watcher struct {
	t         testing.TB
	bed       *testbed.Bed
	client    *govmomi.Client
	collector types.ManagedObjectReference
	view      types.ManagedObjectReference
}

var watched = []types.PropertySpec{
	{Type: "VirtualMachine", PathSet: []string{"name", "runtime.powerState", "runtime.host", "summary.quickStats", "config.hardware.device"}},
	{Type: "HostSystem", PathSet: []string{"name", "runtime.inMaintenanceMode", "runtime.connectionState", "recentTask"}},
}

func newWatcher(t testing.TB, bed *testbed.Bed, refs ...types.ManagedObjectReference) *watcher {
	t.Helper()
	w := &watcher{t: t, bed: bed, client: bed.Login()}
	ctx, content := context.Background(), w.client.ServiceContent
	view, err := methods.CreateListView(ctx, w.client, &types.CreateListView{This: *content.ViewManager, Obj: refs})
	w.must(err)
	w.view = view.Returnval
	created, err := methods.CreatePropertyCollector(ctx, w.client, &types.CreatePropertyCollector{This: content.PropertyCollector})
	w.must(err)
	w.collector = created.Returnval
	w.filter(types.PropertyFilterSpec{
		PropSet: watched,
		ObjectSet: []types.ObjectSpec{{Obj: w.view, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ListView", Path: "view"},
		}}},
	})
	return w
}

func (w *watcher) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watcher) filter(spec types.PropertyFilterSpec) {
	w.t.Helper()
	_, err := methods.CreateFilter(context.Background(), w.client, &types.CreateFilter{This: w.collector, Spec: spec})
	w.must(err)
}

func (w *watcher) wait(version string, options types.WaitOptions) (*types.UpdateSet, error) {
	res, err := methods.WaitForUpdatesEx(context.Background(), w.client, &types.WaitForUpdatesEx{
		This: w.collector, Version: version, Options: &options,
	})
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

// next waits at most five seconds, for something.
func (w *watcher) next(version string) *types.UpdateSet {
	w.t.Helper()
	set, err := w.wait(version, types.WaitOptions{MaxWaitSeconds: types.NewInt32(5)})
	w.must(err)
	if set == nil {
		w.t.Fatal("found no update, want one")
	}
	return set
}

// now asks for what there is.
func (w *watcher) now(version string) *types.UpdateSet {
	w.t.Helper()
	set, err := w.wait(version, types.WaitOptions{MaxWaitSeconds: types.NewInt32(0)})
	w.must(err)
	return set
}

func (w *watcher) modify(add, remove []types.ManagedObjectReference) {
	w.t.Helper()
	_, err := methods.ModifyListView(context.Background(), w.client, &types.ModifyListView{This: w.view, Add: add, Remove: remove})
	w.must(err)
}

// machines are all virtual machines, in a fixed order.
func machines(bed *testbed.Bed) []types.ManagedObjectReference { return all(bed, "VirtualMachine") }

func all(bed *testbed.Bed, kind string) []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	for _, entity := range bed.World.Registry.All(kind) {
		refs = append(refs, entity.Reference())
	}
	slices.SortFunc(refs, func(a, b types.ManagedObjectReference) int { return strings.Compare(a.Value, b.Value) })
	return refs
}

func objects(set *types.UpdateSet) []types.ObjectUpdate {
	var updates []types.ObjectUpdate
	if set != nil {
		for _, filter := range set.FilterSet {
			updates = append(updates, filter.ObjectSet...)
		}
	}
	return updates
}

// shown writes updates as "modify vm/vm-0 runtime.powerState=poweredOff".
func shown(bed *testbed.Bed, set *types.UpdateSet) string {
	var lines []string
	for _, update := range objects(set) {
		name := update.Obj.Value
		if entity, ok := bed.World.Registry.Get(update.Obj).(mo.Entity); ok {
			name = entity.Entity().Name
		}
		line := fmt.Sprintf("%s %s", update.Kind, name)
		for _, change := range update.ChangeSet {
			if update.Kind == types.ObjectUpdateKindModify {
				line += fmt.Sprintf(" %s=%v", change.Name, change.Val)
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func faultOf(err error) string {
	var found types.BaseMethodFault
	if err == nil {
		return ""
	}
	if _, ok := fault.As(err, &found); !ok {
		return err.Error()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", found), "*types.")
}

func TestSetsHoldAtMostAHundredObjectsAndOnlyTheLastIsWhole(t *testing.T) {
	for _, test := range []struct {
		objects int
		most    int32
		want    []int
	}{
		{0, 0, []int{0}}, {1, 0, []int{1}}, {99, 0, []int{99}}, {100, 0, []int{100}}, {101, 0, []int{100, 1}},
		{200, 0, []int{100, 100}}, {250, 1000, []int{100, 100, 50}}, {7, 3, []int{3, 3, 1}}, {6, 3, []int{3, 3}},
	} {
		t.Run(fmt.Sprintf("%d objects, at most %d", test.objects, test.most), func(t *testing.T) {
			bed := testbed.Start(t, fleetOf(test.objects))
			w := newWatcher(t, bed, machines(bed)...)
			version, sizes := "", []int{}
			for range len(test.want) {
				set, err := w.wait(version, types.WaitOptions{MaxObjectUpdates: test.most})
				w.must(err)
				sizes = append(sizes, len(objects(set)))
				version = set.Version
				if whole := len(sizes) == len(test.want); *set.Truncated == whole {
					t.Fatalf("set %d: found truncated %v, want %v", len(sizes), *set.Truncated, !whole)
				}
			}
			if !slices.Equal(sizes, test.want) {
				t.Errorf("found sets of %v, want %v", sizes, test.want)
			}
			if set := w.now(version); set != nil {
				t.Errorf("found %s after the last set, want nothing", shown(bed, set))
			}
		})
	}
}

func TestATruncatedVersionWorksOnce(t *testing.T) {
	bed := testbed.Start(t, fleetOf(201))
	w := newWatcher(t, bed, machines(bed)...)
	first := w.now("")
	second := w.now(first.Version)
	if _, err := w.wait(first.Version, types.WaitOptions{}); faultOf(err) != "InvalidCollectorVersion" {
		t.Errorf("found %q for a used truncated version, want InvalidCollectorVersion", faultOf(err))
	}
	if third := w.now(second.Version); len(objects(third)) != 1 {
		t.Errorf("found %d objects in the last set, want 1", len(objects(third)))
	}
}

func TestACompleteVersionCanBeAskedForAgain(t *testing.T) {
	bed := testbed.Start(t, fleetOf(2))
	w := newWatcher(t, bed, machines(bed)...)
	first := w.now("")
	bed.Do("POST", "/power", `{"vm":"vm-1","state":"suspended"}`)
	second := w.next(first.Version)
	bed.Do("POST", "/power", `{"vm":"vm-0","state":"suspended"}`)
	w.next(second.Version)
	want := "modify vm-1 runtime.powerState=suspended; modify vm-0 runtime.powerState=suspended"
	if again := shown(bed, w.now(first.Version)); again != want {
		t.Errorf("found %q, want %q", again, want)
	}
}

func TestAnUnknownVersionIsRefused(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	old, w := newWatcher(t, bed, machines(bed)...), newWatcher(t, bed, machines(bed)...)
	fromOther := old.now("")
	for _, version := range []string{"0", "2", "-", "1-1", "x", fromOther.Version} {
		if _, err := w.wait(version, types.WaitOptions{}); faultOf(err) != "InvalidCollectorVersion" {
			t.Errorf("version %q: found %q, want InvalidCollectorVersion", version, faultOf(err))
		}
	}
}

func TestAnEmptyVersionTellsEverythingAgain(t *testing.T) {
	bed := testbed.Start(t, fleetOf(3))
	w := newWatcher(t, bed, machines(bed)...)
	w.now("")
	if got, want := shown(bed, w.now("")), "enter vm-0; enter vm-1; enter vm-2"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestAListViewsChangesComeAsOneEnterOrLeave(t *testing.T) {
	bed := testbed.Start(t, fleetOf(3))
	vms := machines(bed)
	w := newWatcher(t, bed, vms[0], vms[1])
	version := w.now("").Version
	for _, step := range []struct {
		add, remove []types.ManagedObjectReference
		want        string
	}{
		{add: vms[2:], want: "enter vm-2"},
		{remove: vms[:1], want: "leave vm-0"},
		{add: vms[:1], remove: vms[1:], want: "leave vm-1; leave vm-2; enter vm-0"},
	} {
		w.modify(step.add, step.remove)
		set := w.next(version)
		if got := shown(bed, set); got != step.want {
			t.Errorf("found %q, want %q", got, step.want)
		}
		version = set.Version
	}
}

func TestAFilterAddedLaterEntersItsObjects(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	w := newWatcher(t, bed, machines(bed)...)
	version := w.now("").Version
	w.filter(types.PropertyFilterSpec{PropSet: watched, ObjectSet: []types.ObjectSpec{{Obj: all(bed, "HostSystem")[0]}}})
	if got, want := shown(bed, w.next(version)), "enter esxi-a"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestCancelEndsTheWaitAndTheNewestWaitWins(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	w := newWatcher(t, bed, machines(bed)...)
	version := w.now("").Version
	results := make(chan error, 2)
	start := func() {
		go func() {
			_, err := w.wait(version, types.WaitOptions{})
			results <- err
		}()
		waitUntil(t, "the wait is in flight", func() bool { return calls(bed, "WaitForUpdatesEx") > 0 })
		time.Sleep(50 * time.Millisecond)
	}
	start()
	start()
	if got := faultOf(<-results); got != "RequestCanceled" {
		t.Errorf("the older wait: found %q, want RequestCanceled", got)
	}
	_, err := methods.CancelWaitForUpdates(context.Background(), w.client, &types.CancelWaitForUpdates{This: w.collector})
	w.must(err)
	if got := faultOf(<-results); got != "RequestCanceled" {
		t.Errorf("the canceled wait: found %q, want RequestCanceled", got)
	}
	bed.Do("POST", "/set", `{"object":"vm/vm-0","property":"name","value":"renamed"}`)
	if got, want := shown(bed, w.next(version)), "modify renamed name=renamed"; got != want {
		t.Errorf("found %q after the cancel, want %q: nothing is lost", got, want)
	}
}

func TestAWaitThatSeesNothingReturnsNullAtItsLimit(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	w := newWatcher(t, bed, machines(bed)...)
	version := w.now("").Version
	begun := time.Now()
	set, err := w.wait(version, types.WaitOptions{MaxWaitSeconds: types.NewInt32(1)})
	w.must(err)
	if took := time.Since(begun); set != nil || took < 900*time.Millisecond {
		t.Errorf("found %v after %v, want null after 1s", set, took)
	}
}

func TestQuickStatsAreReadButNeverPushed(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	w := newWatcher(t, bed, machines(bed)...)
	version := w.now("").Version
	bed.Do("POST", "/set", `{"object":"vm/vm-0","property":"summary.quickStats.overallCpuDemand","value":77}`)
	if set := w.now(version); set != nil {
		t.Errorf("found %q, want no update", shown(bed, set))
	}
	bed.Do("POST", "/set", `{"object":"vm/vm-0","property":"guest.hostName","value":"unwatched"}`)
	if set := w.now(version); set != nil {
		t.Errorf("found %q for an unwatched property, want no update", shown(bed, set))
	}
}

func TestAnUnsetPropertyComesWithoutAValue(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	w := newWatcher(t, bed, machines(bed)...)
	version := w.now("").Version
	bed.Do("POST", "/set", `{"object":"vm/vm-0","property":"runtime.host","value":null}`)
	if got, want := shown(bed, w.next(version)), "modify vm-0 runtime.host=<nil>"; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestADeletedObjectLeaves(t *testing.T) {
	bed := testbed.Start(t, fleetOf(2))
	w := newWatcher(t, bed, machines(bed)...)
	version := w.now("").Version
	gone := machines(bed)[0]
	bed.Do("DELETE", "/vms", `{"vm":"vm-0"}`)
	if got, want := shown(bed, w.next(version)), "leave "+gone.Value; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestMaintenanceOverSoapIsPushed(t *testing.T) {
	bed := testbed.Start(t, fleetOf(0))
	host := all(bed, "HostSystem")[0]
	w := newWatcher(t, bed, host)
	version := w.now("").Version
	_, err := methods.EnterMaintenanceMode_Task(context.Background(), w.client, &types.EnterMaintenanceMode_Task{This: host})
	w.must(err)
	waitUntil(t, "the property is pushed", func() bool {
		set := w.next(version)
		version = set.Version
		return strings.Contains(shown(bed, set), "runtime.inMaintenanceMode=true")
	})
}

func TestACustomAttributeOverSoapIsPushed(t *testing.T) {
	bed := testbed.Start(t, fleetOf(0))
	host := all(bed, "HostSystem")[0]
	w := newWatcher(t, bed, host)
	w.filter(types.PropertyFilterSpec{
		PropSet:   []types.PropertySpec{{Type: "ManagedEntity", PathSet: []string{"customValue"}}},
		ObjectSet: []types.ObjectSpec{{Obj: host}},
	})
	version := w.now("").Version
	manager := *w.client.ServiceContent.CustomFieldsManager
	def, err := methods.AddCustomFieldDef(context.Background(), w.client, &types.AddCustomFieldDef{This: manager, Name: "window", MoType: "HostSystem"})
	w.must(err)
	_, err = methods.SetField(context.Background(), w.client, &types.SetField{This: manager, Entity: host, Key: def.Returnval.Key, Value: "soon"})
	w.must(err)
	if got := shown(bed, w.next(version)); !strings.HasPrefix(got, "modify esxi-a customValue=") {
		t.Errorf("found %q, want customValue of esxi-a", got)
	}
}

func TestADestroyedFilterOrCollectorIsGone(t *testing.T) {
	bed := testbed.Start(t, fleetOf(1))
	w := newWatcher(t, bed, machines(bed)...)
	set := w.now("")
	ctx := context.Background()
	_, err := methods.DestroyPropertyFilter(ctx, w.client, &types.DestroyPropertyFilter{This: set.FilterSet[0].Filter})
	w.must(err)
	if got := objects(w.now("")); len(got) != 0 {
		t.Errorf("found %d objects of a destroyed filter, want none", len(got))
	}
	_, err = methods.DestroyPropertyCollector(ctx, w.client, &types.DestroyPropertyCollector{This: w.collector})
	w.must(err)
	if _, err := w.wait("", types.WaitOptions{}); faultOf(err) != "ManagedObjectNotFound" {
		t.Errorf("found %q, want ManagedObjectNotFound", faultOf(err))
	}
}

func TestAFilterOnAnObjectThatIsGoneIsRefused(t *testing.T) {
	bed := testbed.Start(t, fleetOf(0))
	w := newWatcher(t, bed)
	_, err := methods.CreateFilter(context.Background(), w.client, &types.CreateFilter{This: w.collector, Spec: types.PropertyFilterSpec{
		PropSet: watched, ObjectSet: []types.ObjectSpec{{Obj: types.ManagedObjectReference{Type: "HostSystem", Value: "host-0"}}},
	}})
	if faultOf(err) != "ManagedObjectNotFound" {
		t.Errorf("found %q, want ManagedObjectNotFound", faultOf(err))
	}
}

func calls(bed *testbed.Bed, method string) int {
	var count int
	text := bed.Do("GET", "/calls", "")
	if _, rest, found := strings.Cut(text, fmt.Sprintf("%q:", method)); found {
		_, err := fmt.Sscanf(rest, "%d", &count)
		if err != nil {
			panic(errors.Join(errors.New(text), err))
		}
	}
	return count
}

func waitUntil(t testing.TB, what string, done func() bool) {
	t.Helper()
	for range 100 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("gave up: %s", what)
}
