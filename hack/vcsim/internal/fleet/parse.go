// From the bytes of a fleet file, or of a piece of one, to a checked Fleet.

package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Load reads and checks the file at path; relative times count from now.
// The error is a Problems where the file can be read but says something wrong.
func Load(path string, now time.Time) (*Fleet, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(data, now)
}

// Parse checks data as a whole fleet file; relative times count from now.
func Parse(data []byte, now time.Time) (*Fleet, error) {
	fleet := new(Fleet)
	if err := decode(data, wholeFile, fleet); err != nil {
		return nil, err
	}
	fleet.deriveIdentities(compact(data))
	if problems := check(fleet, now); len(problems) > 0 {
		return nil, problems
	}
	return fleet, nil
}

// ParseVirtualMachine checks data as one virtual machine that is to run on host.
func ParseVirtualMachine(data []byte, host *Host) (*VirtualMachine, error) {
	vm := new(VirtualMachine)
	if err := decode(data, oneVirtualMachine, vm); err != nil {
		return nil, err
	}
	vm.deriveUUIDs(host.Name)
	var problems Problems
	if checkPlace(&problems, "vm", vm); len(problems) > 0 {
		return nil, problems
	}
	if err := FitsHost(vm, host); err != nil {
		return nil, err
	}
	return vm, nil
}

// FitsHost says which of the machine's devices the host does not have; nil when it has all.
func FitsHost(vm *VirtualMachine, host *Host) error {
	var problems Problems
	checkDevices(&problems, "vm", vm, host)
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// ParseScheduledTask checks data as one scheduled task; a relative time counts from now.
func ParseScheduledTask(data []byte, now time.Time) (*ScheduledTask, error) {
	task := new(ScheduledTask)
	if err := decode(data, oneScheduledTask, task); err != nil {
		return nil, err
	}
	var problems Problems
	checkTask(&problems, "", task, now)
	if len(problems) > 0 {
		return nil, problems
	}
	return task, nil
}

func decode(data []byte, shape shape, into any) error {
	if err := validate(data, shape); err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	return nil
}

// compact takes the white space out, so that it does not count in what is derived from the content.
func compact(data []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, data) != nil {
		return data
	}
	return out.Bytes()
}
