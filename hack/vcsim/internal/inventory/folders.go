// Folders, and vApps, which hold machines in their place.

package inventory

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
)

// folderAt is the folder at a path such as ml/team-a below another, made where it is missing.
func (w *World) folderAt(folder *simulator.Folder, path string) *simulator.Folder {
	if path == "" {
		return folder
	}
	for _, segment := range strings.Split(path, "/") {
		folder = w.childFolder(folder, escapeName(unescapeName(segment)))
	}
	return folder
}

func (w *World) childFolder(parent *simulator.Folder, name string) *simulator.Folder {
	for _, ref := range parent.ChildEntity {
		if child, ok := w.Registry.Get(ref).(*simulator.Folder); ok && child.Name == name {
			return child
		}
	}
	child := &simulator.Folder{}
	child.Self = w.reference("Folder", "group")
	child.Name, child.ChildType = name, parent.ChildType
	w.Registry.AppendReference(w.NewContext(), parent, &parent.ChildEntity, child.Self)
	w.Registry.PutEntity(parent, child)
	return child
}

// moveToFolder puts a datacenter into a folder below the root.
func (w *World) moveToFolder(dc *simulator.Datacenter, path string) {
	root := w.Registry.Get(w.Content().RootFolder).(*simulator.Folder)
	folder := w.folderAt(root, path)
	if folder == root {
		return
	}
	ctx := w.NewContext()
	w.Registry.RemoveReference(ctx, root, &root.ChildEntity, dc.Self)
	w.Registry.AppendReference(ctx, folder, &folder.ChildEntity, dc.Self)
	dc.Parent = &folder.Self
}

// vAppOf is the vApp of that name in the host's cluster, made if it is missing.
func (w *World) vAppOf(host *simulator.HostSystem, name string) *simulator.VirtualApp {
	pool := w.poolOf(host)
	for _, ref := range pool.ResourcePool.ResourcePool {
		if app, ok := w.Registry.Get(ref).(*simulator.VirtualApp); ok && app.Name == escapeName(name) {
			return app
		}
	}
	app := &simulator.VirtualApp{}
	app.Self = w.reference("VirtualApp", "resgroup-v")
	app.Name, app.Owner = escapeName(name), pool.Owner
	app.Summary = pool.Summary
	w.Registry.AppendReference(w.NewContext(), pool, &pool.ResourcePool.ResourcePool, app.Self)
	w.Registry.PutEntity(pool, app)
	return app
}

// putInVApp makes the machine one of a vApp: vCenter gives it no parent.
func (w *World) putInVApp(app *simulator.VirtualApp, vm *simulator.VirtualMachine) {
	vm.ResourcePool, vm.ParentVApp, vm.Parent = &app.Self, &app.Self, nil
	w.Registry.AppendReference(w.NewContext(), app, &app.Vm, vm.Self)
	w.Registry.Put(vm)
}
