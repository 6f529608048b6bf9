// Package vcsim holds the JSON Schema of the simulator's fleet files.
package vcsim

import _ "embed"

// FleetSchema is the JSON Schema of a fleet file, as committed beside this file.
//
//go:embed fleet.schema.json
var FleetSchema []byte
