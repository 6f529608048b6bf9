// A property filter: which objects it selects, since when, and which of its properties a change concerns.

package collector

import (
	"reflect"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type reference = types.ManagedObjectReference

// Filter is a PropertyFilter of a Collector. Its state is guarded by the collector.
type Filter struct {
	mo.PropertyFilter

	collector  *Collector
	resolvedAt sequence
	members    []reference
	entered    map[reference]sequence
	left       []departure
}

// departure is a member that is one no more.
type departure struct {
	ref         reference
	entered, at sequence
}

// DestroyPropertyFilter ends the filter.
func (f *Filter) DestroyPropertyFilter(ctx *simulator.Context, _ *types.DestroyPropertyFilter) soap.HasFault {
	f.collector.drop(f)
	ctx.Session.Remove(ctx, f.Self)
	return &methods.DestroyPropertyFilterBody{Res: new(types.DestroyPropertyFilterResponse)}
}

// refresh brings the members up to date, if anything since the last time can have changed them.
func (f *Filter) refresh(ctx *simulator.Context, news excerpt) {
	now := news.now
	missed := f.resolvedAt == 0 || f.resolvedAt < news.from
	if !missed && !slices.ContainsFunc(news.changes, f.mayMove) {
		f.resolvedAt = now
		return
	}
	members := f.resolve(ctx)
	present := make(map[reference]bool, len(members))
	for _, ref := range members {
		present[ref] = true
		if _, known := f.entered[ref]; !known {
			f.entered[ref] = now
		}
	}
	for _, ref := range f.members {
		if !present[ref] {
			f.left = append(f.left, departure{ref, f.entered[ref], now})
			delete(f.entered, ref)
		}
	}
	f.members, f.resolvedAt = members, now
}

// mayMove says whether a change can bring objects in or out.
func (f *Filter) mayMove(c change) bool {
	if c.at <= f.resolvedAt {
		return false
	}
	if c.kind == nil && len(c.paths) == 0 { // gone
		_, member := f.entered[c.ref]
		return member
	}
	for _, object := range f.Spec.ObjectSet {
		if len(c.paths) == 0 && object.Obj == c.ref {
			return true
		}
		if f.traverses(object.SelectSet, c) {
			return true
		}
	}
	return false
}

// traverses says whether a way to the members leads over what changed.
func (f *Filter) traverses(set []types.BaseSelectionSpec, c change) bool {
	for _, selection := range set {
		traversal, ok := selection.(*types.TraversalSpec)
		if !ok {
			continue // a name: the traversal itself is elsewhere in the set
		}
		if isA(c.kind, traversal.Type) && (len(c.paths) == 0 || slices.ContainsFunc(c.paths, func(p string) bool { return overlaps(p, traversal.Path) })) {
			return true
		}
		if f.traverses(traversal.SelectSet, c) {
			return true
		}
	}
	// A new object of a wanted type may be linked in without a word.
	return len(set) > 0 && len(c.paths) == 0 && f.wants(c.kind)
}

func (f *Filter) wants(kind reflect.Type) bool {
	return slices.ContainsFunc(f.Spec.PropSet, func(p types.PropertySpec) bool { return isA(kind, p.Type) })
}

// resolve walks the filter's selection; objects that are gone are left out.
func (f *Filter) resolve(ctx *simulator.Context) []reference {
	spec := f.Spec
	spec.ReportMissingObjectsInResults = types.NewBool(true)
	spec.PropSet = make([]types.PropertySpec, len(f.Spec.PropSet))
	for i, p := range f.Spec.PropSet {
		spec.PropSet[i] = types.PropertySpec{Type: p.Type}
	}
	contents, _ := f.collector.read(ctx, spec)
	members := make([]reference, len(contents))
	for i, content := range contents {
		members[i] = content.Obj
	}
	return members
}

// news is what a client that knows everything up to a point has to be told of, in order.
func (f *Filter) news(ctx *simulator.Context, point sequence, changes []change) []item {
	var items []item
	for _, d := range f.left {
		if _, back := f.entered[d.ref]; d.at > point && d.entered <= point && !back {
			items = append(items, item{filter: f, ref: d.ref, kind: types.ObjectUpdateKindLeave})
		}
	}
	for _, ref := range f.members {
		if f.entered[ref] > point {
			items = append(items, item{filter: f, ref: ref, kind: types.ObjectUpdateKindEnter})
		}
	}
	return append(items, f.modified(ctx, point, changes)...)
}

// modified are the old members with what was written of them.
func (f *Filter) modified(ctx *simulator.Context, point sequence, changes []change) []item {
	var order []reference
	written := map[reference][]string{}
	for _, c := range changes {
		entered, member := f.entered[c.ref]
		if !member || entered > point || len(c.paths) == 0 {
			continue
		}
		if written[c.ref] == nil {
			order = append(order, c.ref)
		}
		written[c.ref] = append(written[c.ref], c.paths...)
	}
	var items []item
	for _, ref := range order {
		if paths := f.concerned(ctx, ref, written[ref]); len(paths) > 0 {
			items = append(items, item{filter: f, ref: ref, kind: types.ObjectUpdateKindModify, paths: paths})
		}
	}
	return items
}

// all are all members, for a client that knows nothing.
func (f *Filter) all() []item {
	items := make([]item, len(f.members))
	for i, ref := range f.members {
		items[i] = item{filter: f, ref: ref, kind: types.ObjectUpdateKindEnter}
	}
	return items
}
