// Sets any property of any object, as vCenter itself would change it: watchers are told.

package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Set gives the property at a dotted path such as runtime.inMaintenanceMode the value, read as the property's own type.
// null unsets it. Elements of vSphere's polymorphic types name theirs in "_typeName".
func (w *World) Set(object mo.Reference, property string, value json.RawMessage) error {
	ctx := w.NewContext()
	var err error
	w.Registry.WithLock(ctx, object, func() { err = w.setLocked(ctx, object, property, value) })
	return err
}

// setLocked turns a panic of the simulator into an error, so that the lock is always given back.
func (w *World) setLocked(ctx *simulator.Context, object mo.Reference, property string, value json.RawMessage) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("found %s for %s, which the simulator refused: %v", value, property, failure)
		}
	}()
	change, err := prepare(managed(object), property, value)
	if err != nil {
		return err
	}
	w.Registry.Update(ctx, object, []types.PropertyChange{change})
	return nil
}

// managed digs the vim25 object out of the simulator's wrapper.
func managed(object mo.Reference) reflect.Value {
	value := reflect.ValueOf(object).Elem()
	for path.Base(value.Type().PkgPath()) != "mo" {
		value = value.Field(0)
	}
	return value
}

// prepare finds the property, makes the objects on the way to it private to this one, and decodes the value.
func prepare(object reflect.Value, property string, value json.RawMessage) (types.PropertyChange, error) {
	var none types.PropertyChange
	if rest, ok := strings.CutPrefix(property, "summary.runtime."); ok && object.Type().Name() == "HostSystem" {
		return none, fmt.Errorf("found property %q, want runtime.%s: the summary of a host shows the same", property, rest)
	}
	names := strings.Split(property, ".")
	var whole part
	at := object
	for i, name := range names {
		path := strings.Join(names[:i+1], ".")
		field, err := fieldOf(at, name, path)
		if err != nil {
			return none, err
		}
		at = field
		if i < len(names)-1 {
			if at.Kind() == reflect.Interface {
				whole = part{path, at}
			}
			at = own(at)
		}
	}
	decoded, err := decode(at.Type(), property, value)
	if err != nil || !whole.value.IsValid() {
		return types.PropertyChange{Name: property, Val: decoded}, err
	}
	assign(at, decoded)
	return types.PropertyChange{Name: whole.path, Val: whole.value.Interface()}, nil
}

// part is a polymorphic property on the way: the simulator can write it only as a whole.
type part struct {
	path  string
	value reflect.Value
}

func assign(at reflect.Value, decoded any) {
	switch {
	case decoded == nil:
		at.SetZero()
	case at.Kind() == reflect.Pointer:
		at.Set(reflect.New(at.Type().Elem()))
		at.Elem().Set(reflect.ValueOf(decoded))
	default:
		at.Set(reflect.ValueOf(decoded))
	}
}

func fieldOf(at reflect.Value, name, path string) (reflect.Value, error) {
	if at.Kind() == reflect.Struct && name != "" && name[:1] == strings.ToLower(name[:1]) {
		if field := at.FieldByName(strings.ToUpper(name[:1]) + name[1:]); field.IsValid() {
			return field, nil
		}
	}
	return at, fmt.Errorf("found property %q, want one that %s has%s", path, at.Type().Name(), propertiesOf(at.Type()))
}

func propertiesOf(kind reflect.Type) string {
	if kind.Kind() != reflect.Struct {
		return ""
	}
	var names []string
	for _, field := range reflect.VisibleFields(kind) {
		if !field.Anonymous && field.Name != "Self" {
			names = append(names, strings.ToLower(field.Name[:1])+field.Name[1:])
		}
	}
	slices.Sort(names)
	return ": " + strings.Join(names, ", ")
}

// own replaces what a pointer points to with a copy: clones of one template share what they never changed.
func own(at reflect.Value) reflect.Value {
	pointer := at
	if at.Kind() == reflect.Interface {
		pointer = at.Elem()
	}
	if pointer.Kind() != reflect.Pointer {
		return at
	}
	copied := reflect.New(pointer.Type().Elem())
	if !pointer.IsNil() {
		copied.Elem().Set(pointer.Elem())
	}
	at.Set(copied)
	return copied.Elem()
}

func decode(kind reflect.Type, property string, value json.RawMessage) (any, error) {
	if len(value) == 0 {
		return nil, fmt.Errorf("found no value for %s, want one of type %s, or null to unset it", property, typeName(kind))
	}
	if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		return nil, nil
	}
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	into := reflect.New(kind)
	if err := types.NewJSONDecoder(bytes.NewReader(value)).Decode(into.Interface()); err != nil {
		return nil, fmt.Errorf("found %s for %s, want a value of type %s: %w", value, property, typeName(kind), err)
	}
	return into.Elem().Interface(), nil
}

func typeName(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return typeName(kind.Elem())
	case reflect.Slice:
		return "list of " + typeName(kind.Elem())
	default:
		return kind.Name()
	}
}
