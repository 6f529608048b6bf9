// Checks JSON against the fleet schema, with messages that name the place.

package fleet

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"gpuinfo.example.com/hack/vcsim"
)

// shape is a place in the schema, as a JSON pointer.
type shape string

const (
	wholeFile         shape = ""
	oneVirtualMachine shape = "#/$defs/virtualMachine"
	oneScheduledTask  shape = "#/$defs/scheduledTask"
)

// Problem is one thing that is wrong, and where: datacenters[0].clusters[1].name.
type Problem struct{ Path, Message string }

// Problems are all that is wrong with a fleet file.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Message
		if problem.Path != "" {
			lines[i] = problem.Path + ": " + problem.Message
		}
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(path, format string, args ...any) {
	*p = append(*p, Problem{path, fmt.Sprintf(format, args...)})
}

const schemaURL = "fleet.schema.json"

var schemas = sync.OnceValue(func() map[shape]*jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(vcsim.FleetSchema))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		panic(err)
	}
	compiled := map[shape]*jsonschema.Schema{}
	for _, s := range []shape{wholeFile, oneVirtualMachine, oneScheduledTask} {
		compiled[s] = compiler.MustCompile(schemaURL + string(s))
	}
	return compiled
})

func validate(data []byte, s shape) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return Problems{{"", fmt.Sprintf("found text that is not JSON (%v), want one JSON object", err)}}
	}
	err = schemas()[s].Validate(value)
	if failure, ok := err.(*jsonschema.ValidationError); ok {
		var problems Problems
		problems.collect(failure, value)
		return problems
	}
	return err
}

var english = message.NewPrinter(language.English)

// collect takes the leaves of the validator's tree: the inner nodes only say that something below is wrong.
func (p *Problems) collect(failure *jsonschema.ValidationError, value any) {
	for _, cause := range failure.Causes {
		p.collect(cause, value)
	}
	if len(failure.Causes) > 0 {
		return
	}
	path := pathOf(failure.InstanceLocation)
	found := at(value, failure.InstanceLocation)
	switch k := failure.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		slices.Sort(k.Properties)
		for _, name := range k.Properties {
			p.add(join(path, name), "found an unknown field, want one that the schema names")
		}
	case *kind.Required:
		p.add(path, "found no %s, want it set", strings.Join(k.Missing, ", "))
	case *kind.Pattern:
		p.add(path, "found %q, want text like %s", k.Got, k.Want)
	case *kind.Enum:
		p.add(path, "found %s, want one of %s", show(found), listOf(k.Want))
	case *kind.Type:
		p.add(path, "found %s, want %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Not:
		p.add(path, "found %s, which is not allowed here", show(found))
	default:
		p.add(path, "found %s, but %s", show(found), failure.ErrorKind.LocalizedString(english))
	}
}

func listOf(values []any) string {
	shown := make([]string, len(values))
	for i, value := range values {
		shown[i] = show(value)
	}
	return strings.Join(shown, ", ")
}

// show writes scalars as they are and only names the rest.
func show(value any) string {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprint(v)
	}
}

func at(value any, location []string) any {
	for _, token := range location {
		switch v := value.(type) {
		case map[string]any:
			value = v[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		}
	}
	return value
}

func pathOf(location []string) string {
	path := ""
	for _, token := range location {
		if _, err := strconv.Atoi(token); err == nil {
			path += "[" + token + "]"
		} else {
			path = join(path, token)
		}
	}
	return path
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
