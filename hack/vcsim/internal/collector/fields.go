// Custom attributes that are set over SOAP: the simulator writes them silently, vCenter tells watchers.

package collector

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// fields is a session's view of the CustomFieldsManager.
type fields struct {
	*simulator.CustomFieldsManager
	hub *Hub
}

// SetField sets the value and tells.
func (f *fields) SetField(ctx *simulator.Context, r *types.SetField) soap.HasFault {
	body := f.CustomFieldsManager.SetField(ctx, r)
	if body.Fault() == nil {
		f.hub.Touch(r.Entity, "customValue", "value")
	}
	return body
}

// AddCustomFieldDef makes a definition and tells.
func (f *fields) AddCustomFieldDef(ctx *simulator.Context, r *types.AddCustomFieldDef) soap.HasFault {
	body := f.CustomFieldsManager.AddCustomFieldDef(ctx, r)
	if body.Fault() == nil {
		f.hub.Touch(f.Self, "field")
	}
	return body
}

// overrideFields is called by the registry before each method: what a session holds goes before what the registry holds.
func (h *Hub) overrideFields(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if (method.Name == "SetField" || method.Name == "AddCustomFieldDef") && ctx.Session != nil {
		ctx.Session.Registry.Put(&fields{ctx.Map.CustomFieldsManager(), h})
	}
	return nil, nil
}
