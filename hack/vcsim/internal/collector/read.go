// Reads values for updates, and holds back what a client may not see.

package collector

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// read retrieves one specification's objects, all at once.
func (c *Collector) read(ctx *simulator.Context, spec types.PropertyFilterSpec) ([]types.ObjectContent, types.BaseMethodFault) {
	body := c.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{spec}})
	result := body.(*methods.RetrievePropertiesExBody)
	if result.Fault_ != nil {
		return nil, result.Fault_.Detail.Fault.(types.BaseMethodFault)
	}
	return result.Res.Returnval.Objects, nil
}

// concerned are the filter's paths that see a change of the written ones.
func (f *Filter) concerned(ctx *simulator.Context, ref reference, written []string) []string {
	object := ctx.Session.Get(ref)
	if object == nil {
		return nil
	}
	kind := managedType(object)
	var paths []string
	for _, spec := range f.Spec.PropSet {
		if isA(kind, spec.Type) {
			paths = append(paths, concernedBy(spec, written)...)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func concernedBy(spec types.PropertySpec, written []string) []string {
	var paths []string
	for _, w := range written {
		if spec.All != nil && *spec.All && w != everything {
			top, _, _ := strings.Cut(w, ".")
			paths = append(paths, top)
		}
		for _, path := range spec.PathSet {
			bare, _, _ := strings.Cut(path, "[")
			if (w == everything || overlaps(bare, w)) && !isQuickStats(path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// objects reads the items' values: those that enter together, each modified one on its own paths.
func (f *Filter) objects(ctx *simulator.Context, items []item) []types.ObjectUpdate {
	entering := f.readEntering(ctx, items)
	var updates []types.ObjectUpdate
	for _, item := range items {
		update := types.ObjectUpdate{Obj: item.ref, Kind: item.kind}
		switch item.kind {
		case types.ObjectUpdateKindEnter:
			content, found := entering[item.ref]
			if !found {
				continue // gone again: the leave is in the journal
			}
			update.ChangeSet, update.MissingSet = assignments(content), content.MissingSet
		case types.ObjectUpdateKindModify:
			content, found := f.readOne(ctx, item)
			if !found {
				continue
			}
			update.ChangeSet, update.MissingSet = withUnset(assignments(content), content, item.paths), content.MissingSet
		}
		updates = append(updates, update)
	}
	return updates
}

func (f *Filter) readEntering(ctx *simulator.Context, items []item) map[reference]types.ObjectContent {
	spec := types.PropertyFilterSpec{PropSet: f.Spec.PropSet, ReportMissingObjectsInResults: types.NewBool(true)}
	for _, item := range items {
		if item.kind == types.ObjectUpdateKindEnter {
			spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: item.ref})
		}
	}
	contents, _ := f.collector.read(ctx, spec)
	found := make(map[reference]types.ObjectContent, len(contents))
	for _, content := range contents {
		found[content.Obj] = content
	}
	return found
}

func (f *Filter) readOne(ctx *simulator.Context, item item) (types.ObjectContent, bool) {
	contents, fault := f.collector.read(ctx, types.PropertyFilterSpec{
		PropSet:   []types.PropertySpec{{Type: item.ref.Type, PathSet: item.paths}},
		ObjectSet: []types.ObjectSpec{{Obj: item.ref}},
	})
	if fault != nil || len(contents) == 0 {
		return types.ObjectContent{}, false
	}
	return contents[0], true
}

func assignments(content types.ObjectContent) []types.PropertyChange {
	changes := make([]types.PropertyChange, len(content.PropSet))
	for i, p := range content.PropSet {
		changes[i] = types.PropertyChange{Name: p.Name, Op: types.PropertyChangeOpAssign, Val: p.Val}
	}
	return changes
}

// withUnset adds an assignment of nothing for each path that was read and has no value now.
func withUnset(changes []types.PropertyChange, content types.ObjectContent, paths []string) []types.PropertyChange {
	for _, path := range paths {
		has := slices.ContainsFunc(content.PropSet, func(p types.DynamicProperty) bool { return p.Name == path })
		missing := slices.ContainsFunc(content.MissingSet, func(p types.MissingProperty) bool { return p.Path == path })
		if !has && !missing {
			changes = append(changes, types.PropertyChange{Name: path, Op: types.PropertyChangeOpAssign})
		}
	}
	return changes
}

// RetrievePropertiesEx reads properties, as far as they may be seen.
func (c *Collector) RetrievePropertiesEx(ctx *simulator.Context, r *types.RetrievePropertiesEx) soap.HasFault {
	body := c.PropertyCollector.RetrievePropertiesEx(ctx, r)
	if result, ok := body.(*methods.RetrievePropertiesExBody); ok && result.Res != nil && result.Res.Returnval != nil {
		c.hubOf(ctx).conceal(result.Res.Returnval.Objects)
	}
	return body
}

// ContinueRetrievePropertiesEx reads the next page.
func (c *Collector) ContinueRetrievePropertiesEx(ctx *simulator.Context, r *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := c.PropertyCollector.ContinueRetrievePropertiesEx(ctx, r)
	if result, ok := body.(*methods.ContinueRetrievePropertiesExBody); ok && result.Res != nil {
		c.hubOf(ctx).conceal(result.Res.Returnval.Objects)
	}
	return body
}
