// Package inventory fills a simulated vCenter with a fleet.
//
// The simulator makes one host and one virtual machine per datacenter by its own slow way (tasks);
// everything else is cloned from them straight into the registry, and the two are thrown away.
package inventory

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
)

// World is a simulated vCenter and what the fleet file said of its parts.
type World struct {
	Service  *simulator.Service
	Registry *simulator.Registry

	model     *simulator.Model
	clock     *clock
	templates map[types.ManagedObjectReference]template
	hosts     map[types.ManagedObjectReference]*fleet.Host
	machines  map[types.ManagedObjectReference]*fleet.VirtualMachine
	numbers   map[string]int
}

// template is what the simulator made for one datacenter, to be cloned.
type template struct {
	host     *simulator.HostSystem
	machine  *simulator.VirtualMachine
	vmFolder *simulator.Folder
}

// Build makes the vCenter that the fleet describes. Close removes its temporary files.
func Build(f *fleet.Fleet) (*World, error) {
	model := simulator.VPX()
	model.Datacenter, model.Cluster, model.ClusterHost, model.Machine = len(f.Datacenters), 1, 1, 1
	model.Host, model.Portgroup, model.Autostart = 0, 0, false
	if err := model.Create(); err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	w := &World{
		Service:   model.Service,
		Registry:  model.Map(),
		model:     model,
		templates: map[types.ManagedObjectReference]template{},
		hosts:     map[types.ManagedObjectReference]*fleet.Host{},
		machines:  map[types.ManagedObjectReference]*fleet.VirtualMachine{},
		numbers:   map[string]int{},
	}
	w.identify(f)
	w.SetClock(f.Skew)
	w.addScheduler()
	attributes := newAttributes(w)
	attributes.defineGlobally(f.GlobalAttributes)
	empty := w.sorted("Datacenter")
	for i := range f.Datacenters {
		if err := w.addDatacenter(empty[i].(*simulator.Datacenter), &f.Datacenters[i], attributes); err != nil {
			return nil, err
		}
	}
	attributes.apply()
	return w, w.Registry.AlignCounter()
}

// Close removes the simulator's temporary files.
func (w *World) Close() { w.model.Remove() }

// NewContext is a context of its own for one change: the simulator's locks belong to contexts.
func (w *World) NewContext() *simulator.Context {
	ctx := *w.Service.Context
	return &ctx
}

// identify sets what the client learns about this vCenter before it logs in.
func (w *World) identify(f *fleet.Fleet) {
	instance := w.Registry.Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance)
	w.clock = &clock{ServiceInstance: instance}
	instance.Content.About.InstanceUuid = f.InstanceUUID
	instance.Content.About.ApiVersion = f.APIVersion
	instance.Content.About.Version = f.APIVersion
	instance.Content.About.FullName = "gpuinfo vCenter simulator " + f.APIVersion
}

// Content is the vCenter's service content.
func (w *World) Content() types.ServiceContent {
	return w.Registry.Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance).Content
}

func (w *World) addDatacenter(dc *simulator.Datacenter, spec *fleet.Datacenter, attributes *attributes) error {
	template := w.takeTemplate(dc)
	dc.Name = escapeName(spec.Name)
	w.moveToFolder(dc, spec.Folder)
	attributes.want(dc.Self, spec.CustomAttributes)
	for _, task := range spec.ScheduledTasks {
		w.PutScheduledTask(dc.Self, task)
	}
	for i := range spec.Clusters {
		cluster, err := w.addCluster(dc, &spec.Clusters[i])
		if err != nil {
			return err
		}
		attributes.want(cluster.Self, spec.Clusters[i].CustomAttributes)
		for h := range spec.Clusters[i].Hosts {
			host := w.addHost(template, cluster, &spec.Clusters[i].Hosts[h])
			attributes.want(host.Self, spec.Clusters[i].Hosts[h].CustomAttributes)
		}
	}
	return nil
}

// takeTemplate takes the datacenter's one cluster, host and machine out of the inventory and keeps them for cloning.
func (w *World) takeTemplate(dc *simulator.Datacenter) template {
	ctx := w.NewContext()
	hostFolder := w.Registry.Get(dc.HostFolder).(*simulator.Folder)
	vmFolder := w.Registry.Get(dc.VmFolder).(*simulator.Folder)
	cluster := w.Registry.Get(hostFolder.ChildEntity[0]).(*simulator.ClusterComputeResource)
	t := template{
		host:     w.Registry.Get(cluster.Host[0]).(*simulator.HostSystem),
		machine:  w.Registry.Get(vmFolder.ChildEntity[0]).(*simulator.VirtualMachine),
		vmFolder: vmFolder,
	}
	hostFolder.ChildEntity, vmFolder.ChildEntity = nil, nil
	for _, ref := range []types.ManagedObjectReference{t.machine.Self, t.host.Self, *cluster.ResourcePool, cluster.Self} {
		w.Registry.Remove(ctx, ref)
	}
	for _, ref := range dc.Datastore {
		datastore := w.Registry.Get(ref).(*simulator.Datastore)
		datastore.Host, datastore.Vm = nil, nil
	}
	for _, ref := range dc.Network {
		if network, ok := w.Registry.Get(ref).(*mo.Network); ok {
			network.Host, network.Vm = nil, nil
		}
	}
	w.templates[dc.Self] = t
	return t
}

// addCluster makes the cluster by the simulator's own quick call.
func (w *World) addCluster(dc *simulator.Datacenter, spec *fleet.Cluster) (*simulator.ClusterComputeResource, error) {
	folder := w.folderAt(w.Registry.Get(dc.HostFolder).(*simulator.Folder), spec.Folder)
	cluster, fault := simulator.CreateClusterComputeResource(w.NewContext(), folder, escapeName(spec.Name), types.ClusterConfigSpecEx{})
	if fault != nil {
		return nil, fmt.Errorf("simulator: cluster %s: %T", spec.Name, fault)
	}
	cluster.Datastore = dc.Datastore
	for _, task := range spec.ScheduledTasks {
		w.PutScheduledTask(cluster.Self, task)
	}
	w.putRunningTasks(cluster, spec.RunningTasks)
	return cluster, nil
}

// reference numbers objects per type from 1001, so that the same fleet always gets the same references.
func (w *World) reference(kind, prefix string) types.ManagedObjectReference {
	w.numbers[kind]++
	return types.ManagedObjectReference{Type: kind, Value: fmt.Sprintf("%s-%d", prefix, 1000+w.numbers[kind])}
}

func clone[T any](source *T) *T {
	if source == nil {
		return nil
	}
	copied := *source
	return &copied
}

func startOf(uptime time.Duration) *time.Time {
	at := time.Now().UTC().Add(-uptime)
	return &at
}
