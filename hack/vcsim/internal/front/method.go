// Finds out which method a SOAP request calls, without decoding the rest.

package front

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

// call is the head of a SOAP request.
type call struct {
	method string
	this   types.ManagedObjectReference
}

// parseCall reads up to the _this element. It errs on what is not a SOAP request.
func parseCall(body []byte) (call, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var found call
	inBody := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return found, fmt.Errorf("not a SOAP request: %w", err)
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case !inBody:
			inBody = start.Name.Local == "Body"
		case found.method == "":
			found.method = start.Name.Local
		case start.Name.Local == "_this":
			err := decoder.DecodeElement(&found.this, &start)
			return found, err
		default:
			return found, nil
		}
	}
}
