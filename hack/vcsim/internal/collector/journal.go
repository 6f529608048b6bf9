// The journal: what changed, in order, so that a collector can say what is new since any version.

package collector

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// sequence numbers changes; 0 is before the first.
type sequence uint64

// change is one entry of the journal.
type change struct {
	at    sequence
	ref   types.ManagedObjectReference
	kind  reflect.Type // of the managed object; nil when it was removed
	paths []string     // what was written; none for an object that came or went
}

// journal keeps the latest changes. It is guarded by the hub.
type journal struct {
	last    sequence
	changes []change
}

// journalLimit bounds memory; a version from before the kept changes is no longer valid.
const journalLimit = 1 << 16

func (j *journal) add(c change) {
	j.last++
	c.at = j.last
	if len(j.changes) >= journalLimit {
		j.changes = slices.Clone(j.changes[journalLimit/2:])
	}
	j.changes = append(j.changes, c)
}

// excerpt is the end of the journal as of one moment.
type excerpt struct {
	from, now sequence        // the changes are those after from
	next      <-chan struct{} // closed at the next change
	changes   []change
}

// since are the changes after a point, or as many of them as are kept.
func (j *journal) since(point sequence) excerpt {
	oldest := j.last - sequence(len(j.changes))
	from := min(max(point, oldest), j.last)
	return excerpt{from: from, now: j.last, changes: slices.Clone(j.changes[from-oldest:])}
}

// after are the changes after a later point.
func (e excerpt) after(point sequence) []change {
	return e.changes[point-e.from:]
}

// quickStats never make updates: "does not support notification, for scalability reasons", says the vSphere API.
const quickStats = "summary.quickStats"

func isQuickStats(path string) bool {
	return path == quickStats || strings.HasPrefix(path, quickStats+".")
}

// writtenPaths are the names of the changes without array keys, quickStats left out.
func writtenPaths(changes []types.PropertyChange) []string {
	var paths []string
	for _, c := range changes {
		name, _, _ := strings.Cut(c.Name, "[")
		if !isQuickStats(name) {
			paths = append(paths, name)
		}
	}
	return paths
}

// overlaps says whether a change of one path changes what is seen at the other.
func overlaps(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

// managedType digs the vim25 type out of the simulator's wrappers.
func managedType(object mo.Reference) reflect.Type {
	kind := reflect.TypeOf(object).Elem()
	for path.Base(kind.PkgPath()) != "mo" {
		if kind.Kind() != reflect.Struct || kind.NumField() == 0 {
			return nil
		}
		kind = kind.Field(0).Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
	}
	return kind
}

// isA says whether a managed object type is the named one or extends it.
func isA(kind reflect.Type, name string) bool {
	if kind == nil {
		return false
	}
	if kind.Name() == name {
		return true
	}
	field, ok := kind.FieldByName(name)
	return ok && field.Anonymous
}
