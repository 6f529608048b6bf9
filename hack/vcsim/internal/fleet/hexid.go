// A 16-bit PCI id, written in hexadecimal.

package fleet

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// HexID is a PCI vendor, device or class id; in JSON a string such as "0x10de".
type HexID uint16

// UnmarshalJSON reads "0x10de".
func (id *HexID) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	digits, isHex := strings.CutPrefix(text, "0x")
	value, err := strconv.ParseUint(digits, 16, 16)
	if !isHex || err != nil {
		return fmt.Errorf("found %q, want a 16-bit id such as \"0x10de\"", text)
	}
	*id = HexID(value)
	return nil
}

// MarshalJSON writes "0x10de".
func (id HexID) MarshalJSON() ([]byte, error) { return json.Marshal(id.String()) }

func (id HexID) String() string { return fmt.Sprintf("0x%04x", uint16(id)) }

// Short is the id as vSphere sends it: a signed 16-bit number.
func (id HexID) Short() int16 { return int16(id) }
