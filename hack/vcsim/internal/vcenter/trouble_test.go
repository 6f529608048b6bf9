package vcenter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

func currentTime(client *govmomi.Client) error {
	_, err := methods.GetCurrentTime(context.Background(), client)
	return err
}

// retrieve calls RetrievePropertiesEx for one object, or for what the set selects from it, and gives back the raw answer.
func retrieve(client *govmomi.Client, ref types.ManagedObjectReference, set []types.BaseSelectionSpec, kind string, paths ...string) (*types.RetrieveResult, error) {
	res, err := methods.RetrievePropertiesEx(context.Background(), client, &types.RetrievePropertiesEx{
		This: client.ServiceContent.PropertyCollector,
		SpecSet: []types.PropertyFilterSpec{{
			PropSet:   []types.PropertySpec{{Type: kind, PathSet: paths}},
			ObjectSet: []types.ObjectSpec{{Obj: ref, Skip: types.NewBool(set != nil), SelectSet: set}},
		}},
	})
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

func TestAnExpiredSessionHasThreeFaces(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	v, err := view.NewManager(client.Client).CreateContainerView(context.Background(), client.ServiceContent.RootFolder, []string{"HostSystem"}, true)
	if err != nil {
		t.Fatal(err)
	}
	bed.Do("POST", "/sessions/expire", "")
	wants(t, "sessions", bed.Do("GET", "/sessions", ""), "[]")

	wants(t, "a method", faultOf(currentTime(client)), "NotAuthenticated")
	result, err := retrieve(client, client.ServiceContent.RootFolder, nil, "ManagedEntity", "name")
	if err != nil || len(result.Objects[0].PropSet) != 0 {
		t.Fatalf("a read of an object: found %v, %v, want no properties and no error", result, err)
	}
	if missing, ok := result.Objects[0].MissingSet[0].Fault.Fault.(*types.NotAuthenticated); !ok {
		t.Errorf("a read of an object: found %T missing, want NotAuthenticated", missing)
	}
	_, err = retrieve(client, v.Reference(), []types.BaseSelectionSpec{&types.TraversalSpec{Type: "ContainerView", Path: "view"}}, "HostSystem", "name")
	wants(t, "a read through a view", faultOf(err), "ManagedObjectNotFound")

	wants(t, "a new login", client.Login(context.Background(), url.UserPassword(testbed.Username, testbed.Password)), error(nil))
	wants(t, "after it", currentTime(client), error(nil))
}

func TestExpiryEndsWaitsInFlightUnlessQuiet(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{"quiet":false}`, "NotAuthenticated"},
		{`{"quiet":true}`, "no error"},
	} {
		bed := testbed.Start(t, story)
		client := bed.Login()
		result := make(chan error, 1)
		go func() {
			collector := client.ServiceContent.PropertyCollector
			set, err := methods.WaitForUpdatesEx(context.Background(), client, &types.WaitForUpdatesEx{This: collector})
			if err == nil {
				_, err = methods.WaitForUpdatesEx(context.Background(), client, &types.WaitForUpdatesEx{
					This: collector, Version: set.Returnval.Version, Options: &types.WaitOptions{MaxWaitSeconds: types.NewInt32(1)},
				})
			}
			result <- err
		}()
		eventually(t, "the second wait is in flight", func() bool { return callCounts(t, bed)["WaitForUpdatesEx"] == 2 })
		time.Sleep(50 * time.Millisecond)
		bed.Do("POST", "/sessions/expire", test.body)
		wants(t, test.body, faultOf(<-result), test.want)
		wants(t, test.body+", the next call", faultOf(currentTime(client)), "NotAuthenticated")
	}
}

func TestAnIdleSessionTimesOut(t *testing.T) {
	bed := testbed.Start(t, story)
	bed.Do("POST", "/session-timeout", `{"seconds":1}`)
	bed.Login()
	if sessions := bed.Do("GET", "/sessions", ""); !strings.Contains(sessions, testbed.Username) {
		t.Errorf("found sessions %s, want one of %s", sessions, testbed.Username)
	}
	for range 40 {
		if bed.Do("GET", "/sessions", "") == "[]" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("found the session alive after 4s, want it gone after 1s to 2s of idleness")
}

func TestFaultsAreInjectedByMethodAndCount(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	for _, test := range []struct{ rule, want string }{
		{`{"method":"CurrentTime","fault":"NotAuthenticated","count":1}`, "NotAuthenticated"},
		{`{"method":"CurrentTime","fault":"NoPermission","count":1}`, "NoPermission"},
		{`{"method":"CurrentTime","fault":"ManagedObjectNotFound","count":1}`, "ManagedObjectNotFound"},
		{`{"method":"*","fault":"RuntimeFault","count":1}`, "RuntimeFault"},
		{`{"method":"CurrentTime","fault":"InvalidCollectorVersion","count":1}`, "InvalidCollectorVersion"},
		{`{"method":"*","http":503,"count":1}`, "503 Service Unavailable"},
		{`{"method":"*","http":200,"count":1}`, "EOF"},
		{`{"method":"*","garbage":true,"count":1}`, "expected element type <Envelope> but have <html>"},
		{`{"method":"*","truncate":true,"count":1}`, "unexpected EOF"},
		{`{"method":"Login","fault":"NotAuthenticated","count":1}`, "no error"},
	} {
		bed.Do("POST", "/faults", test.rule)
		contains(t, test.rule, faultOf(currentTime(client)), test.want)
		bed.Do("DELETE", "/faults", "")
		wants(t, test.rule+", used up", faultOf(currentTime(client)), "no error")
	}
}

func TestFaultsCarryTheMessageTheObjectAndTheDelay(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	bed.Do("POST", "/faults", `{"method":"CurrentTime","fault":"ManagedObjectNotFound","message":"a < b & c","count":2,"delayMs":150}`)
	begun := time.Now()
	err := currentTime(client)
	if took := time.Since(begun); took < 150*time.Millisecond {
		t.Errorf("found an answer after %v, want it after 150ms", took)
	}
	contains(t, "message", fmt.Sprint(err), "a < b & c")
	var rules []struct{ Count int }
	if err := json.Unmarshal([]byte(bed.Do("GET", "/faults", "")), &rules); err != nil {
		t.Fatal(err)
	}
	wants(t, "rules left", rules, []struct{ Count int }{{1}})
	bed.Do("DELETE", "/faults", "")
	bed.Do("POST", "/faults", `{"method":"CurrentTime","delayMs":100}`)
	begun = time.Now()
	wants(t, "only delayed", currentTime(client), error(nil))
	if took := time.Since(begun); took < 100*time.Millisecond {
		t.Errorf("found an answer after %v, want it after 100ms", took)
	}
}

func TestTheNetworkFailsAndComesBack(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	within := func(limit time.Duration) string {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		_, err := methods.GetCurrentTime(ctx, client)
		return faultOf(err)
	}
	for _, mode := range []struct{ name, want string }{
		{"refuse", "connection refused"}, {"reset", "connection reset"}, {"hang", "deadline exceeded"},
	} {
		bed.Do("POST", "/network", fmt.Sprintf(`{"mode":%q}`, mode.name))
		wants(t, "mode", bed.Do("GET", "/network", ""), fmt.Sprintf(`{"mode":%q}`, mode.name))
		within(200 * time.Millisecond) // the first may end an idle connection
		contains(t, mode.name, within(200*time.Millisecond), mode.want)
		bed.Do("POST", "/network", `{"mode":"ok"}`)
		within(2 * time.Second)
		wants(t, "ok after "+mode.name, within(2*time.Second), "no error")
	}
}

func TestAWaitInFlightFeelsTheNetwork(t *testing.T) {
	for _, mode := range []string{"refuse", "reset"} {
		bed := testbed.Start(t, story)
		client := bed.Login()
		failed := make(chan error, 1)
		go func() {
			collector := client.ServiceContent.PropertyCollector
			set, err := methods.WaitForUpdatesEx(context.Background(), client, &types.WaitForUpdatesEx{This: collector})
			if err == nil {
				_, err = methods.WaitForUpdatesEx(context.Background(), client, &types.WaitForUpdatesEx{This: collector, Version: set.Returnval.Version})
			}
			failed <- err
		}()
		eventually(t, "the second wait is in flight", func() bool { return callCounts(t, bed)["WaitForUpdatesEx"] == 2 })
		bed.Do("POST", "/network", fmt.Sprintf(`{"mode":%q}`, mode))
		select {
		case err := <-failed:
			if err == nil {
				t.Errorf("%s: found an answer, want an error", mode)
			}
		case <-time.After(3 * time.Second):
			t.Errorf("%s: found the wait still in flight after 3s, want it ended", mode)
		}
	}
}

func TestDeniedPathsAreMissingUntilAllowed(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	ref := host(t, bed, client, "esxi-a", "name").Self
	seen := func() string {
		t.Helper()
		result, err := retrieve(client, ref, nil, "HostSystem", "name", "runtime.connectionState", "hardware.memorySize")
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, p := range result.Objects[0].PropSet {
			text += p.Name + " "
		}
		for _, p := range result.Objects[0].MissingSet {
			text += strings.TrimPrefix(fmt.Sprintf("-%s:%T ", p.Path, p.Fault.Fault), "*types.")
		}
		return strings.ReplaceAll(strings.TrimSpace(text), "*types.", "")
	}
	const all = "name runtime.connectionState hardware.memorySize"
	wants(t, "before", seen(), all)
	bed.Do("POST", "/deny", `{"object":"host/esxi-a","paths":["runtime","config"]}`)
	wants(t, "runtime denied", seen(), "name hardware.memorySize -runtime.connectionState:NoPermission")
	bed.Do("POST", "/deny", `{"object":"host/esxi-a","paths":["*"]}`)
	wants(t, "all denied", seen(), "-name:NoPermission -runtime.connectionState:NoPermission -hardware.memorySize:NoPermission")
	wants(t, "another host", host(t, bed, client, "esxi-b", "name").Name, "esxi-b")
	bed.Do("DELETE", "/deny", "")
	wants(t, "allowed again", seen(), all)
}

func TestPagesHoldBackDeniedPathsToo(t *testing.T) {
	bed := testbed.Start(t, testbed.LargeFleet(1, 5))
	client := bed.Login()
	for i := range 5 {
		bed.Do("POST", "/deny", fmt.Sprintf(`{"object":"vm/vm-%d","paths":["name"]}`, i))
	}
	var vms []mo.VirtualMachine
	err := property.DefaultCollector(client.Client).Retrieve(context.Background(), refsOf(bed, "VirtualMachine"), []string{"name"}, &vms)
	wants(t, "unpaged", faultOf(err), "NoPermission")
	res, err := methods.RetrievePropertiesEx(context.Background(), client, &types.RetrievePropertiesEx{
		This:    client.ServiceContent.PropertyCollector,
		Options: types.RetrieveOptions{MaxObjects: 2},
		SpecSet: []types.PropertyFilterSpec{{
			PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}}, ObjectSet: objectSpecs(refsOf(bed, "VirtualMachine")),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	objects, token := res.Returnval.Objects, res.Returnval.Token
	for token != "" {
		next, err := methods.ContinueRetrievePropertiesEx(context.Background(), client, &types.ContinueRetrievePropertiesEx{This: client.ServiceContent.PropertyCollector, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		objects, token = append(objects, next.Returnval.Objects...), next.Returnval.Token
	}
	wants(t, "objects", len(objects), 5)
	for _, object := range objects {
		wants(t, object.Obj.Value, fmt.Sprint(len(object.PropSet), len(object.MissingSet)), "0 1")
	}
}

func refsOf(bed *testbed.Bed, kind string) []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	for _, entity := range bed.World.Registry.All(kind) {
		refs = append(refs, entity.Reference())
	}
	return refs
}

func objectSpecs(refs []types.ManagedObjectReference) []types.ObjectSpec {
	specs := make([]types.ObjectSpec, len(refs))
	for i, ref := range refs {
		specs[i].Obj = ref
	}
	return specs
}

func TestCallsAreCountedByMethod(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	bed.Do("DELETE", "/calls", "")
	for range 3 {
		if err := currentTime(client); err != nil {
			t.Fatal(err)
		}
	}
	bed.Do("POST", "/faults", `{"method":"CurrentTime","http":503,"count":1}`)
	_ = currentTime(client)
	wants(t, "calls, the refused one too", callCounts(t, bed), map[string]int{"CurrentTime": 4})
}

func callCounts(t *testing.T, bed *testbed.Bed) map[string]int {
	t.Helper()
	counts := map[string]int{}
	if err := json.Unmarshal([]byte(bed.Do("GET", "/calls", "")), &counts); err != nil {
		t.Fatal(err)
	}
	return counts
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 150 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("gave up: %s", what)
}
