// Custom attributes: first the definitions per object type, then the values.

package inventory

import (
	"maps"
	"slices"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// attributes collects values until every object exists, because a definition is noted on all objects of its type.
type attributes struct {
	world  *World
	wanted []attributeValues
}

type attributeValues struct {
	entity types.ManagedObjectReference
	values map[string]string
}

func newAttributes(w *World) *attributes { return &attributes{world: w} }

// defineGlobally defines attributes that objects of every type have.
func (a *attributes) defineGlobally(names []string) {
	for _, name := range names {
		a.world.defineAttribute("", name)
	}
}

func (a *attributes) want(entity types.ManagedObjectReference, values map[string]string) {
	if len(values) > 0 {
		a.wanted = append(a.wanted, attributeValues{entity, values})
	}
}

func (a *attributes) apply() {
	for _, want := range a.wanted {
		for _, name := range slices.Sorted(maps.Keys(want.values)) {
			a.world.SetAttribute(want.entity, name, want.values[name])
		}
	}
}

// SetAttribute gives the custom attribute a value, after defining it for the entity's type where it is not defined.
// It tells watchers.
func (w *World) SetAttribute(entity types.ManagedObjectReference, name, value string) {
	ctx, manager := w.NewContext(), w.Registry.CustomFieldsManager()
	manager.SetField(ctx, &types.SetField{Entity: entity, Key: w.attributeKey(entity.Type, name), Value: value})
	object := w.Registry.Get(entity)
	w.Registry.WithLock(ctx, object, func() {
		values := object.(mo.Entity).Entity().CustomValue
		w.Registry.Update(ctx, object, []types.PropertyChange{{Name: "customValue", Val: values}})
	})
}

// attributeKey is the attribute's key for objects of the type, from now on if not before.
func (w *World) attributeKey(kind, name string) int32 {
	for _, field := range w.Registry.CustomFieldsManager().Field {
		if field.Name == name && (field.ManagedObjectType == kind || field.ManagedObjectType == "") {
			return field.Key
		}
	}
	return w.defineAttribute(kind, name)
}

// defineAttribute makes the attribute for objects of one type, or of every type where it is empty, and tells watchers.
func (w *World) defineAttribute(kind, name string) int32 {
	ctx, manager := w.NewContext(), w.Registry.CustomFieldsManager()
	body := manager.AddCustomFieldDef(ctx, &types.AddCustomFieldDef{Name: name, MoType: kind})
	w.Registry.AtomicUpdate(ctx, manager, []types.PropertyChange{{Name: "field", Val: slices.Clone(manager.Field)}})
	return body.(*methods.AddCustomFieldDefBody).Res.Returnval.Key
}
