// Properties that a client has no privilege to see.

package collector

import (
	"slices"

	"github.com/vmware/govmomi/vim25/types"
)

// everything stands for all paths of an object.
const everything = "*"

// Deny holds the object's paths back, replacing what was denied of it before; "*" is all. Watchers are told.
func (h *Hub) Deny(ref types.ManagedObjectReference, paths []string) {
	h.mu.Lock()
	before := h.denied[ref]
	h.denied[ref] = slices.Clone(paths)
	if len(paths) == 0 {
		delete(h.denied, ref)
	}
	h.mu.Unlock()
	h.touchDenied(ref, append(slices.Clone(before), paths...))
}

// Allow shows everything again.
func (h *Hub) Allow() {
	h.mu.Lock()
	denied := h.denied
	h.denied = map[types.ManagedObjectReference][]string{}
	h.mu.Unlock()
	for ref, paths := range denied {
		h.touchDenied(ref, paths)
	}
}

func (h *Hub) touchDenied(ref types.ManagedObjectReference, paths []string) {
	if len(paths) > 0 {
		h.Touch(ref, paths...)
	}
}

// conceal moves denied properties to the missing set, with the fault that vCenter gives.
func (h *Hub) conceal(contents []types.ObjectContent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.denied) == 0 {
		return
	}
	for i := range contents {
		if paths := h.denied[contents[i].Obj]; paths != nil {
			concealOne(&contents[i], paths)
		}
	}
}

func concealOne(content *types.ObjectContent, denied []string) {
	hidden := func(p types.DynamicProperty) bool {
		return slices.ContainsFunc(denied, func(path string) bool { return path == everything || overlaps(path, p.Name) })
	}
	for _, p := range content.PropSet {
		if hidden(p) {
			content.MissingSet = append(content.MissingSet, types.MissingProperty{
				Path:  p.Name,
				Fault: types.LocalizedMethodFault{Fault: &types.NoPermission{Object: &content.Obj, PrivilegeId: "System.Read"}},
			})
		}
	}
	content.PropSet = slices.DeleteFunc(content.PropSet, hidden)
}
