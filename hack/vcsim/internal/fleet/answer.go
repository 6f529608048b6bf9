// Yes, no, or nothing said: vCenter leaves optional flags out.

package fleet

import "encoding/json"

// Answer is an optional flag; in JSON true, false or null.
type Answer string

// What a file can say of a flag.
const (
	NotGiven Answer = ""
	Yes      Answer = "true"
	No       Answer = "false"
	Unsaid   Answer = "null"
)

// UnmarshalJSON reads true, false or null.
func (a *Answer) UnmarshalJSON(data []byte) error {
	var value *bool
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	*a = Answer(data)
	return nil
}

// MarshalJSON writes true, false or null.
func (a Answer) MarshalJSON() ([]byte, error) {
	if a == NotGiven {
		a = Unsaid
	}
	return []byte(a), nil
}

// Or is the answer, or another where none is given.
func (a Answer) Or(other Answer) Answer {
	if a == NotGiven {
		return other
	}
	return a
}

// Flag is the answer as vSphere has it: nil where nothing is said.
func (a Answer) Flag() *bool {
	if a != Yes && a != No {
		return nil
	}
	flag := a == Yes
	return &flag
}
