// What is new since a version, in sets of at most so many objects.

package collector

import (
	"fmt"
	"math"
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

// mostVersions bounds how far back a client can go.
const mostVersions = 4096

// issue makes the next version, which stands for a point in time.
func (v *versions) issue(point sequence) string {
	v.last++
	if v.points == nil {
		v.points = map[string]sequence{}
	}
	version := strconv.Itoa(v.last)
	v.points[version] = point
	delete(v.points, strconv.Itoa(v.last-mostVersions))
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
	point, known := c.versions.points[version]
	if version != "" && !known {
		return nil, nil, new(types.InvalidCollectorVersion)
	}
	news := c.hub.since(c.unread(version, point))
	if version != "" && point < news.from {
		return nil, nil, new(types.InvalidCollectorVersion)
	}
	items := c.items(ctx, version, point, news)
	if version != "" && len(items) == 0 {
		return nil, news.next, nil
	}
	c.pending = &pages{final: c.versions.issue(news.now), rest: items}
	return c.page(ctx, w.limit), nil, nil
}

// unread is the point after which the journal has to be read, for the filters' members or for the client.
func (c *Collector) unread(version string, point sequence) sequence {
	oldest := sequence(math.MaxUint64)
	if version != "" {
		oldest = point
	}
	for _, filter := range c.filters {
		if filter.resolvedAt != 0 {
			oldest = min(oldest, filter.resolvedAt)
		}
	}
	return oldest
}

// items are everything for a client without a version, else what is new since the point.
func (c *Collector) items(ctx *simulator.Context, version string, point sequence, news excerpt) []item {
	var items []item
	for _, filter := range c.filters {
		filter.refresh(ctx, news)
		if version == "" {
			items = append(items, filter.all()...)
		} else {
			items = append(items, filter.news(ctx, point, news.after(point))...)
		}
	}
	return items
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
