// Custom attributes: first the definitions per object type, then the values.

package inventory

import (
	"maps"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
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

type definition struct{ kind, name string }

func newAttributes(w *World) *attributes { return &attributes{world: w} }

func (a *attributes) want(entity types.ManagedObjectReference, values map[string]string) {
	if len(values) > 0 {
		a.wanted = append(a.wanted, attributeValues{entity, values})
	}
}

func (a *attributes) apply() {
	ctx := a.world.NewContext()
	manager := a.world.Registry.CustomFieldsManager()
	keys := map[definition]int32{}
	for _, want := range a.wanted {
		for _, name := range slices.Sorted(maps.Keys(want.values)) {
			field := definition{want.entity.Type, name}
			if _, defined := keys[field]; !defined {
				keys[field] = define(ctx, manager, field)
			}
			manager.SetField(ctx, &types.SetField{Entity: want.entity, Key: keys[field], Value: want.values[name]})
		}
	}
}

func define(ctx *simulator.Context, manager *simulator.CustomFieldsManager, field definition) int32 {
	body := manager.AddCustomFieldDef(ctx, &types.AddCustomFieldDef{Name: field.name, MoType: field.kind})
	return body.(*methods.AddCustomFieldDefBody).Res.Returnval.Key
}
