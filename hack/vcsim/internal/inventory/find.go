// Finds objects by the names that people use.

package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// kinds are the words before the slash in host/esxi-a.example.com.
var kinds = map[string]string{
	"host":       "HostSystem",
	"vm":         "VirtualMachine",
	"cluster":    "ClusterComputeResource",
	"datacenter": "Datacenter",
	"folder":     "Folder",
}

// NotFoundError says that no object, or more than one, has the name.
type NotFoundError struct{ message string }

func (e *NotFoundError) Error() string { return e.message }

// Find takes "host/NAME", "vm/NAME", "cluster/NAME", "datacenter/NAME", "folder/NAME" or a reference such as "HostSystem:host-1001".
// Names are case-sensitive and must be unique.
func (w *World) Find(object string) (mo.Reference, error) {
	if word, name, ok := strings.Cut(object, "/"); ok && kinds[word] != "" {
		return w.FindNamed(word, name)
	}
	var ref types.ManagedObjectReference
	if !ref.FromString(object) {
		return nil, &NotFoundError{fmt.Sprintf(
			"found object %q, want host/NAME, vm/NAME, cluster/NAME, datacenter/NAME, folder/NAME or TYPE:ID such as HostSystem:host-1001", object)}
	}
	if found := w.Registry.Get(ref); found != nil {
		return found, nil
	}
	return nil, &NotFoundError{fmt.Sprintf("found no object %s", object)}
}

// FindNamed finds an object by the word for its kind and its name, or by a reference in the name's place.
func (w *World) FindNamed(word, name string) (mo.Entity, error) {
	var ref types.ManagedObjectReference
	if ref.FromString(name) && ref.Type == kinds[word] {
		if entity, ok := w.Registry.Get(ref).(mo.Entity); ok {
			return entity, nil
		}
	}
	all := w.Registry.All(kinds[word])
	var matches []mo.Entity
	for _, entity := range all {
		if entity.Entity().Name == escapeName(name) {
			matches = append(matches, entity)
		}
	}
	switch len(matches) {
	case 1:
		return matches[0], nil
	case 0:
		return nil, &NotFoundError{fmt.Sprintf("found no %s %q%s", word, name, similar(all, name))}
	default:
		return nil, &NotFoundError{fmt.Sprintf("found %d %ss named %q, want one of their references: %s",
			len(matches), word, name, strings.Join(references(matches), ", "))}
	}
}

// OfType are the references of all objects of the type, in order. Clusters are compute resources too.
func (w *World) OfType(kind string) []types.ManagedObjectReference {
	refs := []types.ManagedObjectReference{}
	for _, object := range w.Registry.AllReference("") {
		ref := object.Reference()
		if ref.Type == kind || kind == "ComputeResource" && ref.Type == "ClusterComputeResource" {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b types.ManagedObjectReference) int {
		return cmp.Or(cmp.Compare(len(a.Value), len(b.Value)), strings.Compare(a.Value, b.Value))
	})
	return refs
}

func references(entities []mo.Entity) []string {
	refs := make([]string, len(entities))
	for i, entity := range entities {
		refs[i] = entity.Reference().String()
	}
	slices.Sort(refs)
	return refs
}

const mostSuggestions = 10

// similar names a few objects that might be meant: those that contain the name in any case, else any.
func similar(all []mo.Entity, name string) string {
	var near, any []string
	for _, entity := range all {
		other := entity.Entity().Name
		any = append(any, other)
		if strings.Contains(strings.ToLower(other), strings.ToLower(name)) {
			near = append(near, other)
		}
	}
	if len(near) == 0 {
		near = any
	}
	slices.Sort(near)
	if len(near) > mostSuggestions {
		return fmt.Sprintf("; there are %d, such as %s", len(near), strings.Join(near[:mostSuggestions], ", "))
	}
	if len(near) == 0 {
		return "; there is none"
	}
	return "; there is " + strings.Join(near, ", ")
}
