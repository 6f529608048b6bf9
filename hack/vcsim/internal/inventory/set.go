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

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Set gives the property at a dotted path such as runtime.inMaintenanceMode the value, read as the property's own type.
// null unsets it. Elements of vSphere's polymorphic types name theirs in "_typeName".
func (w *World) Set(object mo.Reference, property string, value json.RawMessage) error {
	ctx := w.NewContext()
	var err error
	w.Registry.WithLock(ctx, object, func() {
		var decoded any
		decoded, err = prepare(managed(object), property, value)
		if err == nil {
			w.Registry.Update(ctx, object, []types.PropertyChange{{Name: property, Val: decoded}})
		}
	})
	return err
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
func prepare(object reflect.Value, property string, value json.RawMessage) (any, error) {
	names := strings.Split(property, ".")
	if len(names) > 1 && names[0] == "summary" && names[1] == "runtime" && object.Type().Name() == "HostSystem" {
		return nil, fmt.Errorf("found property %q, want runtime%s: the summary of a host shows the same", property, strings.TrimPrefix(property, "summary.runtime"))
	}
	at := object
	for i, name := range names {
		field, err := fieldOf(at, name, strings.Join(names[:i+1], "."))
		if err != nil {
			return nil, err
		}
		at = field
		if i < len(names)-1 {
			at = own(at)
		}
	}
	return decode(at.Type(), property, value)
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
	if at.Kind() == reflect.Interface && !at.IsNil() {
		at = at.Elem()
		if at.Kind() == reflect.Pointer {
			return at.Elem()
		}
	}
	if at.Kind() != reflect.Pointer {
		return at
	}
	copied := reflect.New(at.Type().Elem())
	if !at.IsNil() {
		copied.Elem().Set(at.Elem())
	}
	at.Set(copied)
	return at.Elem()
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
