// What is new since a version, in sets of at most so many objects.

package collector

import (
	"fmt"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// item is one object that a client has to be told of; its values are read when its set is sent.
type item struct {
	filter *Filter
	ref    reference
	kind   types.ObjectUpdateKind
	paths  []string // of a modify
}

// versions are the complete versions that were given out, and the point in time of each.
type versions struct {
	last   int
	points map[string]sequence
}

func (v *versions) issue(point sequence) string {
	v.last++
	if v.points == nil {
		v.points = map[string]sequence{}
	}
	version := strconv.Itoa(v.last)
	v.points[version] = point
	return version
}

// pages is a set that was too long for one answer.
type pages struct {
	version string // that asks for the next page; only once
	number  int
	final   string // that the last page carries
	rest    []item
}

// updates are the next set for the version, or nil and a channel that is closed at the next change.
func (c *Collector) updates(ctx *simulator.Context, w *wait, version string) (*types.UpdateSet, <-chan struct{}, types.BaseMethodFault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w != c.waiting { // canceled while it was busy elsewhere; its sleep will say so
		return nil, nil, nil
	}
	if c.pending != nil && c.pending.version == version {
		return c.page(ctx, w.limit), nil, nil
	}
	now, next := c.hub.now()
	point, known := c.versions.points[version]
	if version != "" && !known {
		return nil, nil, new(types.InvalidCollectorVersion)
	}
	items, fault := c.news(ctx, version == "", point, now)
	if fault != nil {
		return nil, nil, fault
	}
	if version != "" && len(items) == 0 {
		return nil, next, nil
	}
	c.pending = &pages{final: c.versions.issue(now), rest: items}
	return c.page(ctx, w.limit), nil, nil
}

// news are the items of all filters: everything for a new client, else what changed since the point.
func (c *Collector) news(ctx *simulator.Context, everything bool, point, now sequence) ([]item, types.BaseMethodFault) {
	oldest := point
	if everything {
		oldest = now
	}
	for _, filter := range c.filters {
		oldest = min(oldest, filter.resolvedAt)
	}
	changes, complete := c.hub.since(oldest)
	var items []item
	for _, filter := range c.filters {
		if !complete {
			filter.resolvedAt = 0 // too much has happened: look at everything
		}
		filter.refresh(ctx, changes, now)
		if everything {
			items = append(items, filter.all()...)
		}
	}
	if everything {
		return items, nil
	}
	changes, complete = c.hub.since(point)
	if !complete {
		return nil, new(types.InvalidCollectorVersion)
	}
	for _, filter := range c.filters {
		items = append(items, filter.news(point, changes)...)
	}
	return items, nil
}

// page takes the next set off the pending ones.
func (c *Collector) page(ctx *simulator.Context, limit int) *types.UpdateSet {
	p := c.pending
	count := min(limit, len(p.rest))
	set := &types.UpdateSet{FilterSet: c.fill(ctx, p.rest[:count])}
	p.rest = p.rest[count:]
	if len(p.rest) == 0 {
		c.pending = nil
		set.Version, set.Truncated = p.final, types.NewBool(false)
		return set
	}
	p.number++
	p.version = fmt.Sprintf("%s-%d", p.final, p.number)
	set.Version, set.Truncated = p.version, types.NewBool(true)
	return set
}

// fill reads the items' values. Items come grouped by filter.
func (c *Collector) fill(ctx *simulator.Context, items []item) []types.PropertyFilterUpdate {
	var sets []types.PropertyFilterUpdate
	for len(items) > 0 {
		count := 1
		for count < len(items) && items[count].filter == items[0].filter {
			count++
		}
		if objects := items[0].filter.objects(ctx, items[:count]); len(objects) > 0 {
			sets = append(sets, types.PropertyFilterUpdate{Filter: items[0].filter.Self, ObjectSet: objects})
		}
		items = items[count:]
	}
	return sets
}
